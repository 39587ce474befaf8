import Foundation
import Glibc

/// A blocking TCP client that sends exactly the bytes it is given; its own reads give up after 10 s.
final class RawClient {
    private let fd: Int32

    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard fd >= 0 else { throw Failure(call: "socket", code: errno) }
        if var size = receiveBuffer { unsafe setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size)) }
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

    struct Failure: Error {
        let call: String
        let code: Int32
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends all of it, or as much as the server takes before it closes.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes { unsafe Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Bytes up to `limit`; empty at the end, or after 10 s without any.
    func receive(_ limit: Int = 65_536) -> [UInt8] {
        var timedOut = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let received = unsafe recv(fd, buffer.baseAddress, limit, 0)
            timedOut = received < 0 && errno == EAGAIN
            count = max(0, received)
        }
        hasTimedOut = timedOut
        return bytes
    }

    /// Whether the last read gave up.
    private(set) var hasTimedOut = false

    /// Everything up to the end of the connection.
    func receiveAll() -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let some = receive()
            if some.isEmpty { return all }
            all += some
        }
    }

    /// What comes up to and including a text; shorter if the connection ends.
    func receive(through end: String) -> String {
        let end = Array(end.utf8)
        var all: [UInt8] = []
        while !(all.count >= end.count && all.suffix(end.count).elementsEqual(end)) {
            let byte = receive(1)
            if byte.isEmpty { break }
            all += byte
        }
        return String(decoding: all, as: UTF8.self)
    }
}

/// A whole answer.
struct Answer {
    let status: Int
    /// Names in lower case.
    let headers: [(name: String, value: String)]
    let body: String

    /// Reads an answer whose length its head tells, or that ends with the connection.
    init(_ client: RawClient, isHead: Bool = false) throws {
        let lines = client.receive(through: "\r\n\r\n").components(separatedBy: "\r\n")
        status = lines.first.flatMap { line in line.split(separator: " ").dropFirst().first.flatMap { Int($0) } } ?? 0
        headers = lines.dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (line[..<colon].lowercased(), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
        let length = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) }
        var bytes: [UInt8] = []
        while !isHead, status != 204, bytes.count < length ?? .max {
            let some = client.receive(min(65_536, (length ?? .max) - bytes.count))
            if some.isEmpty { break }
            bytes += some
        }
        body = String(decoding: bytes, as: UTF8.self)
    }

    subscript(_ name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }

    /// The body as a JSON object; empty when it is none.
    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
    }

    var detail: String { json["detail"] as? String ?? "" }

    /// The pointers of a 422.
    var pointers: [String] { (json["errors"] as? [[String: Any]] ?? []).compactMap { $0["pointer"] as? String } }
}
