import EventLoop
import Glibc

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
/// One per loop, confined to it. Bounded by the connections, of which each has at most one request. A reply that waits longer than
/// `Limits.replyTimeout` is answered 503. evhttp does not read from a connection whose reply waits, and so does not see that the client
/// has left: a sweep asks the sockets.
package final class ParkedReplies {
    private struct Entry {
        let connection: Connection
        let deadline: Monotonic
        /// When the sweep first saw that the client sends no more.
        var endedSending: Monotonic?
    }

    /// Called on the loop with the ticket of a reply that nobody can take any more: its client has gone, or its time was over.
    package var onDropped: ((Ticket) -> Void)?

    private var entries: [Ticket: Entry] = [:]
    private var last: UInt64 = 0
    private var timer: LoopTimer?
    private var isSweeping = false

    package init() {}

    /// How many wait.
    package var count: Int { entries.count }

    /// Gives a reply back, once; nil if it was taken, its client has gone, or its time was over.
    package func take(_ ticket: Ticket) -> Reply? {
        guard let connection = entries.removeValue(forKey: ticket)?.connection else { return nil }
        connection.server.loop.assertOnLoop()
        connection.parked = nil
        return Reply(to: connection)
    }

    func add(_ connection: Connection) -> Ticket {
        last += 1
        let ticket = Ticket(number: last)
        // A client that has gone meanwhile gets a ticket that opens nothing.
        guard connection.isAwaitingReply else { return ticket }
        let server = connection.server
        entries[ticket] = Entry(connection: connection, deadline: server.loop.now + server.limits.replyTimeout)
        connection.parked = (self, ticket)
        sweepLater(server)
        return ticket
    }

    /// The connection of a parked reply was closed.
    func forget(_ ticket: Ticket) {
        entries.removeValue(forKey: ticket)?.connection.server.counters.repliesAbandoned.add()
        onDropped?(ticket)
    }

    // MARK: Waits that end

    private func sweepLater(_ server: Server) {
        guard !isSweeping else { return }
        if timer == nil { timer = try? LoopTimer(loop: server.loop) { [weak self] in self?.sweep() } }
        isSweeping = timer != nil
        timer?.schedule(after: server.limits.parkedSweep)
    }

    private func sweep() {
        isSweeping = false
        let waiting = Array(entries.keys)
        var sockets = waiting.map { pollfd(fd: entries[$0]?.connection.descriptor ?? -1, events: Int16(peerEndedSending), revents: 0) }
        unsafe poll(&sockets, nfds_t(sockets.count), 0)
        for (ticket, socket) in zip(waiting, sockets) { check(ticket, Int32(socket.revents)) }
        if let server = entries.first?.value.connection.server { sweepLater(server) }
    }

    private func check(_ ticket: Ticket, _ seen: Int32) {
        guard let entry = entries[ticket] else { return }
        let (connection, server) = (entry.connection, entry.connection.server)
        if seen & (POLLHUP | POLLERR) != 0 { return connection.close() }
        if seen & peerEndedSending != 0 {
            // A close and a mere end of sending look the same. Who only ended sending gets an answer that comes soon.
            let since = entry.endedSending ?? server.loop.now
            entries[ticket]?.endedSending = since
            if server.loop.now - since >= server.limits.halfCloseGrace { return connection.close() }
        }
        guard server.loop.now >= entry.deadline else { return }
        entries[ticket] = nil
        connection.parked = nil
        server.counters.repliesTimedOut.add()
        onDropped?(ticket)
        connection.answerTooLate()
    }
}

/// POLLRDHUP, which Glibc's module shows only to those who ask for GNU extensions.
private let peerEndedSending: Int32 = 0x2000
