import CLibevent
import EventLoop
import Glibc

/// Requests on their way in. evhttp sees a request only once it is whole and well framed; until then its bytes wait here, and what is
/// wrong with it is answered by us.
extension Connection {
    /// Looks at what has come. At the end of a turn, when nothing of libevent's is under way.
    func advance() {
        isAdvancing = false
        guard unsafe connection != nil, unsafe request == nil, slowStream == nil, !reader.isOver else { return }
        if reader.facts == nil { readHead() }
        guard let facts = reader.facts, !reader.isOver else { return }
        if facts.isTooLarge {
            mustClose = true
            isBodyTooLarge = true
            return handOver(facts)
        }
        switch facts.body {
        case .length(let length):
            if unsafe evbuffer_get_length(input) >= reader.headBytes + length { return handOver(facts) }
        case .chunked:
            readChunks()
            if let fault = reader.chunks?.fault { return refuse(fault) }
            if reader.chunks?.isFinished == true { return handOver(facts) }
        }
        if facts.expectsContinue, !hasContinued { sendContinue() }
    }

    private var input: OpaquePointer? { unsafe bufferevent_get_input(bufferEvent) }

    private func readHead() {
        let length = unsafe evbuffer_get_length(input)
        guard length > reader.headBytes else { return }
        // In one piece: at most `maxHeaderBytes` and one read.
        guard let start = unsafe evbuffer_pullup(input, -1) else { return close() }
        let all = unsafe UnsafeMutableRawBufferPointer(start: start, count: length)
        let fresh = unsafe UnsafeRawBufferPointer(rebasing: all[reader.headBytes...])
        let taken = unsafe reader.head.scan(fresh)
        reader.headBytes += taken
        if let fault = reader.head.fault { return refuse(.malformed(fault)) }
        guard reader.headBytes <= server.limits.maxHeaderBytes else { return refuse(.headTooLarge) }
        guard reader.head.isFinished else { return }
        let head = unsafe UnsafeMutableRawBufferPointer(rebasing: all[..<reader.headBytes])
        let facts = unsafe HeadFacts(UnsafeRawBufferPointer(head), maxBodyBytes: server.limits.maxBodyBytes)
        if let refusal = facts.refusal { return refuse(refusal) }
        // evhttp doesn't know the new names, and so neither decodes chunks nor answers 100.
        for index in facts.hiddenNames { unsafe head[index] = UInt8(ascii: "_") }
        reader.facts = facts
        guard facts.body == .chunked else { return }
        unsafe reader.heldHead = Array(head)
        unsafe evbuffer_drain(input, reader.headBytes)
        reader.chunks = ChunkScanner(limitBytes: server.limits.maxBodyBytes)
    }

    private func readChunks() {
        let length = unsafe evbuffer_get_length(input)
        guard length > 0, let start = unsafe evbuffer_pullup(input, -1) else { return }
        let before = reader.body.count
        unsafe reader.scanChunks(UnsafeRawBufferPointer(start: start, count: length))
        // Bytes behind the last chunk go too: the connection is closed behind the answer.
        unsafe evbuffer_drain(input, length)
        held(reader.body.count - before)
    }

    private func sendContinue() {
        hasContinued = true
        let line = "HTTP/1.1 100 Continue\r\n\r\n"
        // Not through the bufferevent, which evhttp lets write only while it answers.
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        let sent = unsafe send(bufferevent_getfd(bufferEvent), line, line.utf8.count, flags)
        // Without room the client does without: it sends its body after a moment of its own. A half line would spoil the answer behind it.
        if sent > 0, sent < line.utf8.count { close() }
    }

    /// Gives evhttp the whole request, which it parses and serves before this returns.
    private func handOver(_ facts: HeadFacts) {
        reader.isOver = true
        if facts.body == .chunked {
            let length = "Content-Length: \(reader.body.count)\r\n\r\n"
            // Only a bufferevent's own reads may add to its input.
            unsafe evbuffer_unfreeze(input, 0)
            unsafe evbuffer_add(input, reader.heldHead, reader.heldHead.count - 2)
            unsafe evbuffer_add(input, length, length.utf8.count)
            unsafe evbuffer_add(input, reader.body, reader.body.count)
            unsafe evbuffer_freeze(input, 0)
            held(-reader.body.count)
            reader.body = []
            reader.heldHead = []
            mustClose = true
        }
        if facts.oddMethodBytes > 0 {
            // evhttp knows PATCH, and no call of ours does: the router then answers 404 or 405.
            let known = Method.patch.rawValue
            unsafe evbuffer_drain(input, facts.oddMethodBytes)
            unsafe evbuffer_prepend(input, known, known.utf8.count)
            mustClose = true
        }
        server.current = self
        unsafe bufferevent_trigger(bufferEvent, Int16(EV_READ), Int32(BEV_TRIG_IGNORE_WATERMARKS.rawValue))
    }

    // MARK: Refusals

    /// Answers in evhttp's place, and closes once the client has read it.
    func refuse(_ reason: RefusalReason) {
        guard unsafe connection != nil, !isRefused else { return }
        let length = unsafe min(evbuffer_get_length(input), server.limits.maxHeaderBytes)
        var head = RefusedHead()
        if !reader.heldHead.isEmpty {
            let held = reader.heldHead
            unsafe held.withUnsafeBytes { unsafe head = RefusedHead($0) }
        } else if length > 0, let start = unsafe evbuffer_pullup(input, length) {
            unsafe head = RefusedHead(UnsafeRawBufferPointer(start: start, count: length))
        }
        reader.isOver = true
        server.leaveQueue(self)
        server.counters.requestsRefused.add()
        var response = server.refuse(reason, head)
        if head.isHead { response.body = .length(response.body.count) }
        leave(with: response)
    }

    /// Answers without evhttp, which would reset the connection of a client that still sends.
    func leave(with response: Response) {
        var response = response
        response.headers.insert(("Date", server.date.text), at: 0)
        isRefused = true
        server.counters.answered(response.status)
        // Watched until the kernel has heard of it: see `Server.detachLater`.
        unsafe bufferevent_disable(bufferEvent, Int16(EV_READ | EV_WRITE))
        server.refuseLater(self, response.page)
    }

    /// Sends the refusal, once the kernel no longer watches the socket.
    func sendRefusal(_ page: [UInt8]) {
        guard unsafe connection != nil else { return }
        guard let fd = detach() else { return close() }
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        unsafe _ = send(fd, page, page.count, flags)
        shutdown(fd, Int32(SHUT_WR))
        server.linger(fd)
    }

    /// The request's time is over: it goes on if its body came at the least rate.
    ///
    /// - Returns: whether it gets as much time again.
    func mayGoOn() -> Bool {
        guard reader.facts != nil, !reader.isOver else { return false }
        let came = reader.bytes - reader.bytesAtDeadline
        reader.bytesAtDeadline = reader.bytes
        return came >= server.limits.bytes(in: server.limits.requestTimeout)
    }
}
