/// How a log's stream ends behind its last byte.
package enum StreamEnd: Sendable {
    /// The log is closed: after its head the response ends.
    case done
    /// The log is gone, or the server: the response ends too, and the client is to come back.
    case cut
}

/// Bytes of a log as they were at one moment; offsets count from the start of the log, trimmed or not.
///
/// Immutable. The bytes are whole HTTP/1.1 chunks (`<hex>\r\n...\r\n`), one an event.
package protocol StreamView: Sendable {
    /// The first offset it holds; a chunk begins there.
    var start: Int { get }

    /// The end of what may be shown; a chunk ends there.
    var head: Int { get }

    /// nil while more may follow behind `head`.
    var end: StreamEnd? { get }

    /// Calls `body` once with contiguous bytes that begin at `offset`, at most up to `head`.
    ///
    /// From a chunk's first byte they hold at least that whole chunk, and they end with a whole chunk.
    ///
    /// - Precondition: start <= offset < head.
    func withBytes<R>(at offset: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R
}

/// All that HTTP knows of a log: bytes from a position.
package protocol StreamSource: AnyObject, Sendable {
    associatedtype View: StreamView

    /// What may be shown now. One short lock; called once per wake and loop.
    func view() -> View

    /// From now on `observer.advanced` follows each publication, the first one after a `view` taken earlier included. Again for the
    /// same observer: nothing happens.
    func attach(_ observer: any StreamObserver)

    /// The loop's last stream on this source is gone.
    func detach(_ observer: any StreamObserver)

    /// Asks for bytes older than `view().start`; answered by `pageArrived` or `pageFailed`, on any thread.
    func requestPage(at offset: Int, for observer: any StreamObserver)
}

/// A loop's end of a source: it only posts to the loop's inbox, so a writer or reader thread calls it without waiting.
package protocol StreamObserver: AnyObject, Sendable {
    /// The source has a new head or an end.
    func advanced(_ source: any StreamSource)

    /// `page` covers `offset`, which was asked for, and ends at a chunk's end; its own `end` means nothing.
    func pageArrived(_ source: any StreamSource, _ page: any StreamView, at offset: Int)

    /// The bytes at `offset` are gone or cannot be read: the streams there are cut, and their clients come back for a `gap`.
    func pageFailed(_ source: any StreamSource, at offset: Int)
}

/// Turns a log's chunks into another format, for the slow path.
package protocol ChunkTranscoder: Sendable {
    /// The response's media type.
    var contentType: String { get }

    /// What keeps a silent stream alive.
    var heartbeat: [UInt8] { get }

    /// Appends what one chunk's payload (an SSE block, or the prefix) becomes; whole chunks are given, one by one.
    func transcode(_ payload: UnsafeRawBufferPointer, into output: inout [UInt8])
}
