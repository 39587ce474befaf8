/// Names a parked reply; never given twice by one `ParkedReplies`.
package struct Ticket: Sendable, Hashable {
    /// Unique on its loop.
    package let number: UInt64

    package init(number: UInt64) {
        self.number = number
    }
}

/// Replies that wait for something: a commit, an answer from a reader thread.
///
/// One per loop, confined to it. Bounded by the connections, of which each has at most one request.
package final class ParkedReplies {
    private var connections: [Ticket: Connection] = [:]
    private var last: UInt64 = 0

    package init() {}

    /// How many wait.
    package var count: Int { connections.count }

    /// Gives a reply back, once; nil if it was taken, or its client has gone.
    package func take(_ ticket: Ticket) -> Reply? {
        guard let connection = connections.removeValue(forKey: ticket) else { return nil }
        connection.server.loop.assertOnLoop()
        connection.parked = nil
        return Reply(to: connection)
    }

    func add(_ connection: Connection) -> Ticket {
        last += 1
        let ticket = Ticket(number: last)
        // A client that has gone meanwhile gets a ticket that opens nothing.
        guard connection.isAwaitingReply else { return ticket }
        connections[ticket] = connection
        connection.parked = (self, ticket)
        return ticket
    }

    /// The connection of a parked reply was closed.
    func forget(_ ticket: Ticket) { connections[ticket] = nil }
}
