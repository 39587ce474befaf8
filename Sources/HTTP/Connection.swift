import CLibevent
import EventLoop
import Glibc

/// What we know of one of evhttp's connections: where its request is, and what its raw bytes looked like.
///
/// Lives from evhttp's making of the bufferevent to evhttp's close callback; the server holds it meanwhile.
@safe final class Connection {
    unowned let server: Server
    /// The place in the server's list.
    var index = 0
    /// One of those beyond the limit: its request gets a 503.
    let isReserve: Bool
    /// The parked reply of the request, if it has one.
    var parked: (replies: ParkedReplies, ticket: Ticket)?

    // The links of the deadline queue it is in.
    var deadline: Monotonic?
    var earlier: Connection?
    var later: Connection?

    let bufferEvent: OpaquePointer
    var connection: OpaquePointer?
    var request: UnsafeMutablePointer<evhttp_request>?
    /// The request that is on its way in.
    var reader = RequestReader()
    /// In the server's list of those whose input has changed.
    var isAdvancing = false
    var hasContinued = false
    /// The request's body is not read, and its client may be sending it still.
    var isBodyTooLarge = false
    /// Answered without evhttp, and about to leave it.
    var isRefused = false
    private var buffered = 0
    var mustClose = false
    private var began = Monotonic(nanoseconds: 0)
    var slowStream: SlowStream?

    init(server: Server, bufferEvent: OpaquePointer, isReserve: Bool) {
        self.server = server
        unsafe self.bufferEvent = bufferEvent
        self.isReserve = isReserve
    }

    /// Whether a handler, or a parked reply, has yet to answer.
    var isAwaitingReply: Bool { unsafe request != nil && slowStream == nil }

    /// Whether nothing of a request has come and none is being answered.
    var isIdle: Bool { unsafe request == nil && deadline == nil && bufferedOutput == 0 && !isRefused }

    /// Bytes that wait for the client.
    var bufferedOutput: Int { unsafe connection == nil ? 0 : evbuffer_get_length(bufferevent_get_output(bufferEvent)) }

    /// Whether a part of a request waits in memory for the rest of it.
    var isReadingRequest: Bool { unsafe request == nil && buffered > 0 }

    // MARK: Life

    /// Watches the raw input. From evhttp's making of the bufferevent, when there is no evhttp connection yet.
    func watchInput() {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe evbuffer_add_cb(
            bufferevent_get_input(bufferEvent),
            { buffer, info, context in
                guard let buffer = unsafe buffer, let info = unsafe info, let context = unsafe context else { return }
                let connection = unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
                unsafe connection.inputChanged(buffer, info.pointee)
            }, me)
        // evhttp may free the bufferevent before `adopt`: this keeps the memory until then.
        unsafe bufferevent_incref(bufferEvent)
    }

    /// Asks to be told of the end, once evhttp has made its connection.
    ///
    /// - Returns: false if evhttp has already given the connection up.
    func adopt() -> Bool {
        var context: UnsafeMutableRawPointer?
        unsafe bufferevent_getcb(bufferEvent, nil, nil, nil, &context)
        defer { unsafe bufferevent_decref(bufferEvent) }
        // The callbacks' context is the evhttp connection; freeing clears it.
        guard let context = unsafe context else { return false }
        let connection = OpaquePointer(context)
        unsafe self.connection = connection
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe evhttp_connection_set_closecb(
            connection,
            { _, context in
                guard let context = unsafe context else { return }
                unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().closed()
            }, me)
        return true
    }

    /// evhttp is about to free its connection.
    private func closed() {
        server.forget(self)
        slowStream?.connectionClosed()
        slowStream = nil
        if let (replies, ticket) = parked { replies.forget(ticket) }
        parked = nil
        // A request that evhttp took off the connection is ours to free; one that is still on it, evhttp frees.
        if let request = unsafe request, unsafe evhttp_request_get_connection(request) == nil { unsafe evhttp_request_free(request) }
        unsafe request = nil
        unsafe connection = nil
        server.requestMemory.released(buffered)
        buffered = 0
    }

    /// The socket; -1 when it is gone.
    var descriptor: Int32 { unsafe connection == nil ? -1 : bufferevent_getfd(bufferEvent) }

    /// Answers that what the reply waited for has not come in time.
    func answerTooLate() {
        guard let request = unsafe request else { return }
        answer(server.refuse(.replyTimeout, RefusedHead(unsafe Request(request))))
    }

    /// Closes at once, without an answer.
    func close() {
        guard let connection = unsafe connection else { return }
        unsafe evhttp_connection_free(connection)
    }

    /// Lets evhttp see the end, and free everything; for when it may be in the middle of something.
    func shutDown() {
        let fd = unsafe bufferevent_getfd(bufferEvent)
        if fd >= 0 { shutdown(fd, Int32(SHUT_RDWR)) }
    }

    /// Closes an idle connection, and any other behind the answer it waits for.
    func closeWhenIdle() {
        if isIdle { shutDown() } else { mustClose = true }
    }

    // MARK: Bytes

    private func inputChanged(_ buffer: OpaquePointer, _ info: evbuffer_cb_info) {
        // Compared first: a request changes its input ten times, and each assignment would retain and release.
        let server = server
        if server.current !== self { server.current = self }
        let change = info.n_added - info.n_deleted
        buffered += change
        server.requestMemory.changed(self, by: change)
        guard info.n_added > 0 else { return }
        if slowStream != nil { return server.drainLater(self) }
        guard unsafe request == nil else { return }
        guard !reader.isOver else { return }
        reader.bytes += info.n_added
        if deadline == nil { server.expectRequest(self) }
        if !isAdvancing {
            isAdvancing = true
            server.advanceLater(self)
        }
    }

    /// Counts bytes that wait outside the input buffer.
    func held(_ change: Int) {
        buffered += change
        server.requestMemory.changed(self, by: change)
    }

    /// Throws away what the client of a slow stream has sent.
    func drainInput() {
        guard unsafe connection != nil else { return }
        let input = unsafe bufferevent_get_input(bufferEvent)
        unsafe evbuffer_drain(input, evbuffer_get_length(input))
    }

    // MARK: Request and reply

    /// Takes a request that evhttp has read whole.
    ///
    /// - Returns: why it is refused; nil to let a handler answer it.
    func begin(_ request: UnsafeMutablePointer<evhttp_request>) -> RefusalReason? {
        unsafe self.request = request
        began = server.loop.now
        reader = RequestReader()
        hasContinued = false
        // Bytes behind the request would be read as the next one: no pipelining, and nothing to smuggle.
        if unsafe evbuffer_get_length(bufferevent_get_input(bufferEvent)) > 0 || isReserve || server.isDraining { mustClose = true }
        guard let refusal = unsafe RequestCheck.refusal(of: request) else { return isReserve ? .tooManyConnections : nil }
        mustClose = true
        unsafe makeAnswerable(request)
        return refusal
    }

    /// Undoes what would make evhttp answer in an odd way: the client's own, impossible version; a CONNECT, after which it would keep
    /// the connection; an absolute URI, for which it would drop our `Connection` header.
    private func makeAnswerable(_ request: UnsafeMutablePointer<evhttp_request>) {
        unsafe request.pointee.major = 1
        unsafe request.pointee.minor = 1
        if unsafe request.pointee.type == EVHTTP_REQ_CONNECT { unsafe request.pointee.type = EVHTTP_REQ_GET }
        unsafe request.pointee.flags &= ~EVHTTP_PROXY_REQUEST
    }

    /// Answers the request; nothing happens if the client is gone.
    func answer(_ response: Response) {
        guard let request = unsafe request else { return }
        server.loop.assertOnLoop()
        unsafe self.request = nil
        let headers = unsafe request.pointee.output_headers
        unsafe HeaderText.add(date: server.date.text, response.headers, to: headers)
        if response.status != 204, response.status != 304, response.body.hasLength {
            unsafe evhttp_add_header(headers, "Content-Length", String(response.body.count))
        }
        if isBodyTooLarge {
            unsafe report(request, status: response.status)
            return leave(with: response)
        }
        let closes = mustClose || response.closesConnection || response.status == 413 || response.status == 421
        if closes {
            unsafe evhttp_add_header(headers, "Connection", "close")
        }
        if unsafe request.pointee.type != EVHTTP_REQ_HEAD { unsafe add(response.body, to: request.pointee.output_buffer) }
        server.counters.answered(response.status)
        unsafe report(request, status: response.status)
        let phrase = unsafe UnsafeRawPointer(reasonPhrase(response.status).utf8Start).assumingMemoryBound(to: CChar.self)
        unsafe evhttp_send_reply(request, Int32(response.status), phrase, nil)
        if !closes { server.writeLater(self) }
    }

    /// Writes an answer in the turn that made it, instead of in the next one when epoll has said that the socket takes it.
    ///
    /// This is what the bufferevent does when its write event fires. What the socket does not take stays for that.
    func write() {
        guard unsafe connection != nil else { return }
        let output = unsafe bufferevent_get_output(bufferEvent)
        unsafe evbuffer_unfreeze(output, 1)
        let written = unsafe evbuffer_write(output, bufferevent_getfd(bufferEvent))
        unsafe evbuffer_freeze(output, 1)
        guard written > 0, unsafe evbuffer_get_length(output) == 0 else { return }
        // evhttp goes on to the next request, or closes.
        unsafe bufferevent_trigger(bufferEvent, Int16(EV_WRITE), Int32(BEV_TRIG_IGNORE_WATERMARKS.rawValue))
    }

    func report(_ request: UnsafeMutablePointer<evhttp_request>, status: Int = 200) {
        guard let onAnswered = server.onAnswered else { return }
        let view = unsafe Request(request, bodyIsTooLarge: isBodyTooLarge)
        onAnswered(view.method, view.path, status, server.loop.now - began)
    }

    private func add(_ body: Response.Body, to buffer: OpaquePointer?) {
        switch body {
        case .none, .length, .stream: break
        case .bytes(let bytes): unsafe evbuffer_add(buffer, bytes, bytes.count)
        case .shared(let shared) where shared.count < Self.referencedBytes:
            unsafe evbuffer_add(buffer, shared.buffer.baseAddress, shared.count)
        case .shared(let shared):
            let kept = unsafe Unmanaged.passRetained(shared)
            unsafe evbuffer_add_reference(
                buffer, shared.buffer.baseAddress, shared.count,
                { _, _, context in
                    guard let context = unsafe context else { return }
                    unsafe Unmanaged<SharedBytes>.fromOpaque(context).release()
                }, kept.toOpaque())
        }
    }

    /// From here on a reference costs less than a copy.
    private static let referencedBytes = 4096
}
