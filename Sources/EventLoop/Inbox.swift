import CLibevent
import Glibc
import Locking

/// Values posted to a loop by other threads.
///
/// A step of an event's life: the store's writer has published, and posts to each loop that has viewers; next is `HTTP/FanOut`.
///
/// An array swapped under a lock and an eventfd that is written once per burst, so that a thousand posts cost one wake. Messages are
/// handled in the order in which they were posted. The loop keeps the inbox working until it stops; posts after that are lost.
package final class Inbox<Message: Sendable>: Sendable {
    private let queue: Queue<Message>

    /// Made before the loop runs, or on it.
    ///
    /// - Parameters:
    ///   - loop: where messages are handled; it keeps what the inbox needs until it stops.
    ///   - limit: how many messages may wait; more are refused by `post`.
    ///   - handler: called on the loop, once per message.
    /// - Throws: `eventfd` or `event_new`, when the process is out of descriptors or memory.
    package init(
        loop: Loop, limit: Int = InboxLimits.messages, handler: @escaping (Message) -> Void
    ) throws(SystemError) {
        let queue = try Queue<Message>(limit: limit)
        let watch = try FDWatch(loop: loop, fd: queue.wakeFD, events: .read) { _ in
            for message in queue.takeAll() { handler(message) }
        }
        loop.keep(watch)
        self.queue = queue
    }

    /// Leaves a message for the loop. Any thread; takes a short lock, never waits for I/O.
    ///
    /// - Returns: false when the inbox was at its limit and the message was dropped.
    @discardableResult
    package func post(_ message: Message) -> Bool { queue.post(message) }
}

/// Bounds of an inbox.
package enum InboxLimits {
    /// Messages that may wait in one inbox, unless its maker says otherwise.
    package static let messages = 1_000_000
}

/// What the posting threads and the loop share.
private final class Queue<Message: Sendable>: Sendable {
    private let messages = Lock<[Message]>([])
    private let wake: OwnedFD
    private let limit: Int

    var wakeFD: Int32 { wake.number }

    init(limit: Int) throws(SystemError) {
        let fd = rs_eventfd()
        guard fd >= 0 else { throw SystemError("eventfd") }
        wake = OwnedFD(fd)
        self.limit = limit
    }

    func post(_ message: Message) -> Bool {
        let before = messages.withLock { messages in
            let count = messages.count
            if count < limit { messages.append(message) }
            return count
        }
        if before == 0 {
            var one: UInt64 = 1
            // It can only fail with EAGAIN, when 2^64-1 wakes wait: then the loop is woken anyway.
            unsafe write(wake.number, &one, 8)
        }
        return before < limit
    }

    func takeAll() -> [Message] {
        var count: UInt64 = 0
        // Before the swap: a post after the swap sees an empty array and wakes the loop again.
        unsafe read(wake.number, &count, 8)
        return messages.withLock { messages in
            let all = messages
            messages = []
            return all
        }
    }
}
