import CLibevent
import EventLoop

/// One viewer: a socket taken off evhttp, and a position in a log.
///
/// A record in a `StreamTable`, which never moves it, since libevent points to the event inside. Everything a stream needs while it
/// waits is here: about 200 bytes.
@unsafe struct EventStream {
    /// What a stream is in the middle of.
    struct State: OptionSet {
        let rawValue: UInt16

        /// The slot is in use.
        static let open = State(rawValue: 1)
        /// The kernel had no room; waits until it has.
        static let blocked = State(rawValue: 2)
        /// Has bytes of its own to send before the log's: its head, a heartbeat's rest, the last chunk.
        static let hasPrivate = State(rawValue: 4)
        /// Waits in the fan-out's queue of single streams.
        static let queued = State(rawValue: 8)
        /// Waits for a page of old bytes.
        static let awaitsPage = State(rawValue: 16)
        /// Is to end at the next chunk's end.
        static let ending = State(rawValue: 64)
        /// The last chunk is under way or sent: only the client's own end is awaited.
        static let finishing = State(rawValue: 128)
        /// Its client sends too much; not read for a while.
        static let readPaused = State(rawValue: 256)

        /// With any of these the walk over a group has nothing to do with it.
        static let special: State = [blocked, hasPrivate, queued, awaitsPage, ending, finishing]
    }

    var event: event
    unowned(unsafe) var owner: FanOut
    /// Where in the log the next byte to send is.
    var position: Int
    /// When the kernel last took something, in nanoseconds of the monotonic clock.
    var lastSent: UInt64
    var fd: Int32
    var slot: UInt32
    /// Tells this use of the slot from the next.
    var generation: UInt32
    var group: UInt32
    /// The page of its group that is kept for it; 0 for none.
    var page: UInt32
    var indexInGroup: UInt32
    /// Bytes up to the end of the chunk that `position` is in; 0 between chunks.
    var frameLeft: UInt32
    /// Bytes its client has sent lately.
    var received: UInt32
    var state: State

    var handle: StreamHandle { unsafe StreamHandle(slot: slot, generation: generation) }
}

/// Names a stream without holding it; the stream may be gone when it is looked up.
struct StreamHandle: Equatable {
    let slot: UInt32
    let generation: UInt32
}

/// The head of a detached stream's response.
enum StreamHead {
    /// Renders the head and the private prefix, ready to be sent.
    static func render(_ opening: StreamOpening, date: String) -> [UInt8] {
        var head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n"
        head += "Connection: close\r\nTransfer-Encoding: chunked\r\nDate: \(date)\r\n"
        for (name, value) in opening.headers where isClean(name) && isClean(value) { head += "\(name): \(value)\r\n" }
        head += "\r\n"
        return Array(head.utf8) + ChunkWalk.frame(opening.prefix)
    }

    private static func isClean(_ text: String) -> Bool { !text.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 } }
}
