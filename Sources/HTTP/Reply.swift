/// The one right to answer a request; dropped unspent, it answers 500.
///
/// On the loop of its server alone. If the client is gone by then, every way to spend it does nothing.
@safe package struct Reply: ~Copyable {
    // Unmanaged, and so trivial: `discard self` refuses stored class references. Retained until the reply is spent.
    private let connection: Unmanaged<Connection>

    init(to connection: Connection) {
        unsafe self.connection = Unmanaged.passRetained(connection)
    }

    /// Answers.
    package consuming func send(_ response: Response) {
        let connection = unsafe self.connection.takeRetainedValue()
        discard self
        connection.answer(response)
    }

    /// Keeps the right for later: a message with the ticket gets it back with `ParkedReplies.take`.
    package consuming func park(in parked: ParkedReplies) -> Ticket {
        let connection = unsafe self.connection.takeRetainedValue()
        discard self
        return parked.add(connection)
    }

    /// Answers with an event stream, or while the server drains with one that ends at once. For GET alone: a HEAD gets a `Response` with a
    /// stream's headers.
    package consuming func stream(_ opening: StreamOpening) {
        let connection = unsafe self.connection.takeRetainedValue()
        discard self
        connection.stream(opening)
    }

    /// Answers with a stream that ends cleanly behind its prefix: what a server that is going down has for a new viewer.
    package consuming func endedStream(_ opening: StreamOpening) {
        let connection = unsafe self.connection.takeRetainedValue()
        discard self
        connection.answer(opening.ended)
    }

    deinit {
        let connection = unsafe self.connection.takeRetainedValue()
        connection.answer(connection.server.refuse(.internalError, RefusedHead()))
    }
}
