import EventLoop

/// Connections that have the same time to get something done, in the order in which their time began; a list through the connections
/// themselves, so that entering and leaving cost a few pointers.
final class DeadlineQueue {
    private let loop: Loop
    private let timeout: Duration
    private let expired: (Connection) -> Void
    private var timer: LoopTimer?
    private var first: Connection?
    private var last: Connection?
    private var isScheduled = false

    /// A queue whose members get `timeout` each; `expired` is called on the loop for those that stay longer.
    init(loop: Loop, timeout: Duration, expired: @escaping (Connection) -> Void) throws(SystemError) {
        self.loop = loop
        self.timeout = timeout
        self.expired = expired
        timer = try LoopTimer(loop: loop) { [weak self] in self?.sweep() }
    }

    /// Starts a connection's time.
    func add(_ connection: Connection) {
        connection.deadline = loop.now + timeout
        connection.earlier = last
        connection.later = nil
        last?.later = connection
        last = connection
        if first == nil { first = connection }
        if !isScheduled { schedule(after: timeout) }
    }

    /// Ends a connection's time; it must be in this queue.
    func remove(_ connection: Connection) {
        guard connection.deadline != nil else { return }
        connection.deadline = nil
        if let earlier = connection.earlier { earlier.later = connection.later } else { first = connection.later }
        if let later = connection.later { later.earlier = connection.earlier } else { last = connection.earlier }
        connection.earlier = nil
        connection.later = nil
    }

    private func sweep() {
        isScheduled = false
        let now = loop.now
        while let connection = first, let deadline = connection.deadline {
            // Left running while the queue is not empty, rather than moved with each request.
            guard deadline <= now else { return schedule(after: deadline - now) }
            remove(connection)
            expired(connection)
        }
    }

    private func schedule(after delay: Duration) {
        isScheduled = true
        timer?.schedule(after: delay)
    }
}
