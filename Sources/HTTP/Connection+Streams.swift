import CLibevent
import EventLoop
import Glibc

/// Requests that become event streams.
extension Connection {
    /// Turns the request into an event stream: off evhttp where the client can read our chunks, through it where not.
    func stream(_ opening: StreamOpening) {
        guard let request = unsafe request else { return }
        server.loop.assertOnLoop()
        guard mayStream(opening) else { return }
        guard unsafe request.pointee.minor == 0 || opening.transcoder != nil else {
            // What is watched now would be watched for ever (decision 4).
            unsafe bufferevent_disable(bufferEvent, Int16(EV_READ | EV_WRITE))
            return server.detachLater(self, opening)
        }
        unsafe report(request)
        unsafe stream(opening, through: request)
    }

    /// Goes on with `stream`, once the kernel no longer watches the socket.
    func streamDetached(_ opening: StreamOpening) {
        guard let request = unsafe request else { return }
        guard mayStream(opening) else { return }
        unsafe report(request)
        guard let fd = detach() else { return answer(server.refuse(.tooManyStreams, RefusedHead())) }
        server.fanOut.open(fd, opening)
    }

    /// Whether a stream may begin; otherwise the request is answered.
    private func mayStream(_ opening: StreamOpening) -> Bool {
        if server.isDraining || server.fanOut.isEnding {
            answer(opening.ended)
            return false
        }
        guard server.counters.streams.value < server.limits.maxStreams else {
            answer(server.refuse(.tooManyStreams, RefusedHead()))
            return false
        }
        return true
    }

    private func stream(_ opening: StreamOpening, through request: UnsafeMutablePointer<evhttp_request>) {
        // A stream is silent for longer than evhttp's timeouts; what its client sends is thrown away.
        unsafe bufferevent_set_timeouts(bufferEvent, nil, nil)
        unsafe bufferevent_setwatermark(bufferEvent, Int16(EV_READ), 0, server.limits.drainBytes)
        drainInput()
        slowStream = unsafe SlowStream(opening, on: self, request, fanOut: server.fanOut)
    }

    /// The slow stream is over: its last chunk, then evhttp closes when all is written.
    func endSlowStream() {
        guard let request = unsafe request else { return }
        slowStream = nil
        // Before the call: for HTTP/1.0 it may free the connection before it returns.
        unsafe self.request = nil
        unsafe evhttp_send_reply_end(request)
    }

    /// Takes the socket away from evhttp, which frees everything else.
    ///
    /// Returns nil when there is no descriptor left; the request is then still to be answered.
    func detach() -> Int32? {
        guard let connection = unsafe connection else { return nil }
        let fd = unsafe bufferevent_getfd(bufferEvent)
        let taken = fcntl(fd, F_DUPFD_CLOEXEC, 0)
        guard taken >= 0 else { return nil }
        unsafe bufferevent_setcb(bufferEvent, nil, nil, nil, nil)
        // Freeing shuts down whatever the cached number names: something harmless.
        guard server.coverWithNull(fd) else {
            Glibc.close(taken)
            return nil
        }
        unsafe evhttp_connection_free(connection)
        return taken
    }
}
