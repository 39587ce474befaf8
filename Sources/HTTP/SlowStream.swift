import CLibevent
import EventLoop

/// A stream that evhttp sends: for HTTP/1.0, which knows no chunks, and for what is transcoded.
///
/// It pulls: only when its client has taken what waits in the output buffer does it fetch more from the log.
@safe final class SlowStream {
    private unowned let fanOut: FanOut
    private unowned let connection: Connection
    private let request: UnsafeMutablePointer<evhttp_request>
    private let group: StreamGroup
    private let transcoder: (any ChunkTranscoder)?
    private var position: Int
    private var page: (any StreamView)?
    private var lastProgress: Monotonic
    private var isOver = false

    /// Waits in the fan-out's queue.
    var isQueued = false
    /// Where it needs old bytes from, while it does.
    private(set) var awaitedPage: Int?

    /// Sends the response's head and the prefix.
    init(_ opening: StreamOpening, on connection: Connection, _ request: UnsafeMutablePointer<evhttp_request>, fanOut: FanOut) {
        self.fanOut = fanOut
        self.connection = connection
        unsafe self.request = request
        group = fanOut.group(of: opening.source)
        transcoder = opening.transcoder
        position = opening.position
        lastProgress = fanOut.loop.now
        group.slowStreams.append(self)
        sendHead(opening)
        var prefix: [UInt8] = []
        if !opening.prefix.isEmpty { unsafe opening.prefix.withUnsafeBytes { unsafe append($0, to: &prefix) } }
        send(prefix)
        fanOut.counters.streams.add(1)
        fanOut.counters.streamsOpened.add()
        fanOut.counters.answered(200)
        fanOut.enqueue(self)
        fanOut.startTicking()
    }

    private func sendHead(_ opening: StreamOpening) {
        // evhttp would answer an HTTP/1.0 client's keep-alive with one of its own, and a Content-Length of 0.
        unsafe evhttp_remove_header(request.pointee.input_headers, "Connection")
        let headers = unsafe request.pointee.output_headers
        let own = StreamOpening.headers(contentType: opening.contentType) + [("Connection", "close")]
        for (name, value) in own + opening.headers { unsafe evhttp_add_header(headers, name, value) }
        unsafe evhttp_send_reply_start(request, 200, "OK")
    }

    private var bufferedBytes: Int { connection.bufferedOutput }

    // MARK: Pulling

    /// Fetches and sends up to what may wait.
    func pump() {
        isQueued = false
        while !isOver, bufferedBytes < fanOut.limits.outputBufferBytes {
            if position >= group.head {
                if group.isAtEnd(position) { finish() }
                return
            }
            guard let view = currentView() else { return }
            send(unsafe view.withBytes(at: position) { unsafe pull($0) })
        }
        // The client is behind: old bytes are asked for again when it has caught up.
        page = nil
    }

    private func currentView() -> (any StreamView)? {
        if position >= group.start { return group.view }
        if let page, page.start <= position, position < page.head { return page }
        page = nil
        awaitedPage = position
        fanOut.requestPage(group)
        return nil
    }

    /// A page that covers what was waited for.
    func give(_ view: any StreamView) {
        awaitedPage = nil
        page = view
        fanOut.enqueue(self)
    }

    /// Takes whole chunks, as many as may wait.
    private func pull(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var output: [UInt8] = []
        var offset = 0
        while offset < bytes.count, output.count < fanOut.limits.outputBufferBytes {
            let chunk = unsafe ChunkWalk.chunk(in: bytes, at: offset)
            unsafe append(UnsafeRawBufferPointer(rebasing: bytes[chunk.payload]), to: &output)
            offset += chunk.count
            fanOut.tally.events += 1
        }
        position += offset
        return output
    }

    private func append(_ payload: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        if let transcoder {
            unsafe transcoder.transcode(payload, into: &output)
        } else {
            unsafe output.append(contentsOf: payload)
        }
    }

    private func send(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, !isOver else { return }
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        let buffer = unsafe evbuffer_new()
        unsafe evbuffer_add(buffer, bytes, bytes.count)
        unsafe evhttp_send_reply_chunk_with_cb(
            request, buffer,
            { _, context in
                guard let context = unsafe context else { return }
                unsafe Unmanaged<SlowStream>.fromOpaque(context).takeUnretainedValue().written()
            }, me)
        unsafe evbuffer_free(buffer)
        fanOut.tally.calls += 1
        fanOut.tally.bytes += bytes.count
    }

    /// The kernel has taken everything.
    private func written() {
        lastProgress = fanOut.loop.now
        fanOut.enqueue(self)
    }

    // MARK: Time and end

    /// Sends a heartbeat to a silent stream, and gives up on a client that takes nothing.
    func tick() {
        let silent = fanOut.loop.now - lastProgress
        if bufferedBytes > 0 {
            guard silent >= fanOut.limits.writeTimeout else { return }
            fanOut.counters.streamsTimedOut.add()
            connection.shutDown()
        } else if silent >= fanOut.limits.heartbeat - fanOut.wheel.interval {
            fanOut.tally.heartbeats += 1
            send(transcoder?.heartbeat ?? [UInt8(ascii: ":"), 0x0A])
        }
    }

    /// Ends the response cleanly.
    func finish() {
        guard !isOver else { return }
        leave()
        connection.endSlowStream()
    }

    /// Closes as it is.
    func abort() {
        guard !isOver else { return }
        connection.close()
    }

    /// The connection is gone, or about to be.
    func connectionClosed() { leave() }

    private func leave() {
        guard !isOver else { return }
        isOver = true
        awaitedPage = nil
        page = nil
        group.slowStreams.removeAll { $0 === self }
        fanOut.dropIfEmpty(group)
        fanOut.counters.streams.add(-1)
    }
}
