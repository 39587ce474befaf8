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

    /// Answers nothing and closes the connection: a stream asked for while the server drains. A 503 would stop an `EventSource` for
    /// good, a closed connection lets it come back.
    package consuming func close() {
        let connection = unsafe self.connection.takeRetainedValue()
        discard self
        connection.close()
    }

    /// Answers with an event stream. For GET alone: a HEAD gets a `Response` with a stream's headers.
    package consuming func stream(_ opening: StreamOpening) {
        let connection = unsafe self.connection.takeRetainedValue()
        discard self
        connection.stream(opening)
    }

    deinit {
        let connection = unsafe self.connection.takeRetainedValue()
        connection.answer(connection.server.refuse(.internalError, RefusedHead()))
    }
}
