import Glibc

/// A blocking TCP client that sends exactly the bytes it is given; its own reads give up after 10 s.
final class RawClient {
    let fd: Int32

    convenience init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard fd >= 0 else { throw Failure(call: "socket", code: errno) }
        if var size = receiveBuffer { unsafe setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size)) }
        try self.init(connecting: fd, port: port)
    }

    /// Takes over a socket and connects it.
    init(connecting fd: Int32, port: UInt16) throws {
        self.fd = fd
        var on: Int32 = 1
        unsafe setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        unsafe setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
        let connected = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe connect(fd, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(call: "connect", code: errno) }
    }

    deinit { close(fd) }

    /// Closes both directions now, rather than when the client is freed.
    func hangUp() { shutdown(fd, Int32(SHUT_RDWR)) }

    struct Failure: Error {
        let call: String
        let code: Int32
    }

    /// Sends all of it, or as much as the server takes before it closes.
    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes { unsafe Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Sends as much as goes without waiting longer than 200 ms for room.
    func sendWhilePossible(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            var poller = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&poller, 1, 200) == 1 else { return }
            let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
            let count = unsafe bytes[sent...].withUnsafeBytes { unsafe Glibc.send(fd, $0.baseAddress, $0.count, flags) }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Half-closes: nothing more will be sent.
    func endSending() { shutdown(fd, Int32(SHUT_WR)) }

    /// Closes with a reset instead of an orderly end.
    func reset() {
        var hard = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        _ = rs_dupNull(fd)
    }

    /// Whether the connection was closed with a reset, by the last read.
    private(set) var wasReset = false

    /// Bytes up to `limit`; empty at the end, or after 10 s without any.
    func receiveSome(_ limit: Int = 65_536) -> [UInt8] {
        var timedOut = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let received = unsafe recv(fd, buffer.baseAddress, limit, 0)
            timedOut = received < 0 && errno == EAGAIN
            wasReset = received < 0 && errno == ECONNRESET
            count = max(0, received)
        }
        hasTimedOut = timedOut
        return bytes
    }

    /// Whether the last read gave up.
    private(set) var hasTimedOut = false

    /// Everything up to the end of the connection.
    func receiveAll() -> String {
        var all: [UInt8] = []
        while true {
            let some = receiveSome()
            if some.isEmpty { break }
            all += some
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// What comes up to and including a text; shorter if the connection ends.
    func receive(through end: String) -> String {
        let end = Array(end.utf8)
        var all: [UInt8] = []
        while !(all.count >= end.count && all.suffix(end.count).elementsEqual(end)) {
            let byte = receiveSome(1)
            if byte.isEmpty { break }
            all += byte
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// What comes up to the end of so many events.
    func receive(throughEventEnding count: Int) -> String {
        var all: [UInt8] = []
        var events = 0
        let end = Array("\n\n\r\n".utf8)
        while events < count {
            let some = receiveSome()
            if some.isEmpty { break }
            all += some
            if all.suffix(4).elementsEqual(end) { events += 1 }
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// A whole response with a Content-Length: its head and body.
    func receiveResponse(hasBody: Bool = true) -> (head: String, body: String) {
        let head = receive(through: "\r\n\r\n")
        let length =
            head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
        var body: [UInt8] = []
        while hasBody, body.count < length {
            let some = receiveSome(length - body.count)
            if some.isEmpty { break }
            body += some
        }
        return (head, String(decoding: body, as: UTF8.self))
    }

    /// True if the server closes without sending anything more.
    var isClosedByServer: Bool { receiveSome().isEmpty && !hasTimedOut }

    /// Whether the server has closed and all that it sent before is read; does not wait.
    var isAtEnd: Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(fd, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count == 0 || (count < 0 && errno != EAGAIN)
    }

    /// Sends and reads to the end.
    static func exchange(_ port: UInt16, _ text: String) throws -> String {
        let client = try RawClient(port: port)
        client.send(text)
        return client.receiveAll()
    }
}

/// Closes the socket behind a descriptor while the number stays taken, so that `deinit` may close it again.
private func rs_dupNull(_ fd: Int32) -> Int32 {
    let null = unsafe open("/dev/null", O_RDONLY)
    defer { close(null) }
    return dup2(null, fd)
}
