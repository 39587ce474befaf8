import CLibevent
import Glibc

/// What came of a send.
package enum SendResult: Equatable, Sendable {
    /// The kernel took so many bytes, at least one.
    case sent(Int)
    /// The kernel has no room: wait until the socket is writable.
    case again
    /// The connection is gone, with this errno.
    case closed(Int32)
}

/// TCP sockets: to listen, and to send without waiting.
package enum Socket {
    /// Listens on an address; the socket is non-blocking and closed on exec, and what it accepts sends without Nagle's delay.
    ///
    /// - Parameters:
    ///   - host: a numeric address or a name, of which the first address that can be bound is taken.
    ///   - port: 0 for any that is free; `localPort` tells.
    ///   - backlog: how many connections may wait to be accepted.
    ///   - reusePort: other sockets of this user may listen on the same port, and the kernel spreads connections over them.
    ///     Call `probe` first: otherwise a second server would silently get half of the connections.
    ///   - userTimeout: a peer that acknowledges nothing for so long is taken for dead; inherited by what is accepted.
    /// - Returns: the listening socket.
    /// - Throws: `getaddrinfo`, `socket`, `setsockopt`, `bind` or `listen`.
    package static func listen(
        host: String, port: UInt16, backlog: Int32 = 4096, reusePort: Bool = false, userTimeout: Duration = .zero
    ) throws(SystemError) -> OwnedFD {
        var call: UnsafePointer<CChar>? = nil
        var addressError: Int32 = 0
        let milliseconds = UInt32(clamping: userTimeout.nanoseconds / 1_000_000)
        let fd = unsafe rs_listen(host, port, backlog, reusePort ? 1 : 0, milliseconds, &call, &addressError)
        let error = errno
        if fd >= 0 { return OwnedFD(fd) }
        let name = unsafe call.map { unsafe String(cString: $0) } ?? "listen"
        if addressError != 0, addressError != EAI_SYSTEM, let text = unsafe gai_strerror(addressError) {
            throw unsafe SystemError(name, text: String(cString: text))
        }
        throw SystemError(name, code: error)
    }

    /// Checks that nobody listens on a port, by binding it for a moment without SO_REUSEPORT.
    ///
    /// - Throws: `bind` with EADDRINUSE when another server has it.
    package static func probe(host: String, port: UInt16) throws(SystemError) {
        _ = try listen(host: host, port: port, backlog: 1)
    }

    /// The port that a socket is bound to.
    package static func localPort(of fd: Int32) throws(SystemError) -> UInt16 {
        guard let port = UInt16(exactly: rs_local_port(fd)) else { throw SystemError("getsockname") }
        return port
    }

    /// Sends without waiting and without SIGPIPE; `bytes` must not be empty.
    @unsafe package static func send(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) -> SendResult {
        while true {
            let count = unsafe Glibc.send(fd, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            if count > 0 { return .sent(count) }
            let error = errno
            switch error {
            case EINTR: continue
            case EAGAIN, ENOBUFS, ENOMEM: return .again
            default: return .closed(error)
            }
        }
    }

    /// Sends without waiting and without SIGPIPE; `bytes` must not be empty.
    package static func send(_ fd: Int32, _ bytes: RawSpan) -> SendResult {
        unsafe bytes.withUnsafeBytes { buffer in unsafe send(fd, buffer) }
    }
}
