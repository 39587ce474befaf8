import HTTP
import Locking

/// A log in memory, of which the front part is only to be had in pages.
final class TestLog: StreamSource {
    struct View: StreamView {
        let start: Int
        let head: Int
        let end: StreamEnd?
        let bytes: [UInt8]
        /// Bytes are contiguous up to the next multiple of this many events' ends.
        let breaks: [Int]

        func withBytes<R>(at offset: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
            precondition(start <= offset && offset < head, "\(offset) outside \(start)..<\(head)")
            let stop = breaks.first { $0 > offset } ?? head
            return unsafe bytes.withUnsafeBytes { all in
                unsafe body(UnsafeRawBufferPointer(rebasing: all[(offset - start)..<(min(stop, head) - start)]))
            }
        }
    }

    private struct State {
        var bytes: [UInt8] = []
        /// The end of each event.
        var ends: [Int] = []
        var head = 0
        var start = 0
        var end: StreamEnd?
        var observers: [any StreamObserver] = []
        var attached = 0
        var detached = 0
        var pageRequests: [Int] = []
    }

    private let state = Lock(State())
    private let segment: Int
    private let pageEvents: Int
    /// Answers a page request; by default at once, on the asking thread.
    let onPage: Lock<(@Sendable (TestLog, Int, any StreamObserver) -> Void)?> = Lock(nil)

    /// Bytes are contiguous for `segment` events; a page has `pageEvents`.
    init(segment: Int = 100, pageEvents: Int = 10) {
        self.segment = segment
        self.pageEvents = pageEvents
    }

    /// The SSE text of one event, as every viewer must get it.
    static func block(_ id: Int, _ text: String) -> String { "id: \(id)\ndata: \(text)\n\n" }

    var eventCount: Int { state.withLock { $0.ends.count } }
    var requestedPages: [Int] { state.withLock { $0.pageRequests } }
    var observerCount: Int { state.withLock { $0.observers.count } }

    /// Adds events and publishes them.
    func append(_ texts: [String], end: StreamEnd? = nil) {
        let observers = state.withLock { state in
            for text in texts {
                let block = Self.block(state.ends.count + 1, text)
                state.bytes += Array("\(String(block.utf8.count, radix: 16))\r\n\(block)\r\n".utf8)
                state.ends.append(state.bytes.count)
            }
            state.head = state.bytes.count
            if let end { state.end = end }
            return state.observers
        }
        for observer in observers { observer.advanced(self) }
    }

    func close(_ end: StreamEnd) { append([], end: end) }

    /// Forgets the first events' bytes; they are to be had in pages.
    func forget(events: Int) {
        state.withLock { $0.start = events == 0 ? 0 : $0.ends[events - 1] }
    }

    /// The position behind an event; 0 for the beginning.
    func position(after event: Int) -> Int { state.withLock { event == 0 ? 0 : $0.ends[event - 1] } }

    /// What a viewer gets after an event, up to another.
    func text(after event: Int) -> String {
        state.withLock { state in
            let from = event == 0 ? 0 : state.ends[event - 1]
            return String(decoding: state.bytes[from...], as: UTF8.self)
        }
    }

    func view() -> View { state.withLock { makeView($0, $0.start, $0.head, $0.end) } }

    private func makeView(_ state: State, _ start: Int, _ head: Int, _ end: StreamEnd?) -> View {
        let breaks = stride(from: segment, to: state.ends.count, by: segment).map { state.ends[$0 - 1] }
        return View(start: start, head: head, end: end, bytes: Array(state.bytes[start..<head]), breaks: breaks)
    }

    /// The page of `pageEvents` events that covers an offset.
    func page(at offset: Int) -> View {
        state.withLock { state in
            let event = state.ends.firstIndex { $0 > offset } ?? 0
            let start = event == 0 ? 0 : state.ends[event - 1]
            return makeView(state, start, state.ends[min(event + pageEvents, state.ends.count) - 1], nil)
        }
    }

    func attach(_ observer: any StreamObserver) {
        state.withLock { state in
            if !state.observers.contains(where: { $0 === observer }) { state.observers.append(observer) }
        }
    }

    func detach(_ observer: any StreamObserver) { state.withLock { $0.observers.removeAll { $0 === observer } } }

    func requestPage(at offset: Int, for observer: any StreamObserver) {
        state.withLock { $0.pageRequests.append(offset) }
        if let answer = onPage.withLock({ $0 }) { return answer(self, offset, observer) }
        self.answer(offset, observer)
    }

    /// Hands the page over that was asked for.
    func answer(_ offset: Int, _ observer: any StreamObserver) { observer.pageArrived(self, page(at: offset), at: offset) }
}

/// NDJSON in miniature: one line per event's data.
struct LineTranscoder: ChunkTranscoder {
    let contentType = "application/x-ndjson"
    let heartbeat: [UInt8] = [0x0A]

    func transcode(_ payload: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        for line in unsafe String(decoding: payload, as: UTF8.self).split(separator: "\n") where line.hasPrefix("data: ") {
            output += Array(line.dropFirst(6).utf8) + [0x0A]
        }
    }
}

/// Takes the chunk framing off.
func dechunked(_ body: String) -> String? {
    var rest = Substring(body)
    var text = ""
    while let lineEnd = rest.firstRange(of: "\r\n"), let size = Int(rest[..<lineEnd.lowerBound], radix: 16) {
        rest = rest[lineEnd.upperBound...]
        if size == 0 { return rest == "\r\n" ? text : nil }
        let chunk = rest.utf8.prefix(size)
        guard chunk.count == size, let piece = String(chunk) else { return nil }
        text += piece
        rest = Substring(rest.utf8.dropFirst(size))
        guard rest.hasPrefix("\r\n") else { return nil }
        rest = Substring(rest.utf8.dropFirst(2))
    }
    return nil
}
