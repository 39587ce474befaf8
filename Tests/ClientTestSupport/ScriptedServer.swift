import Glibc
import Locking

/// A real TCP server that plays a script: each connection it accepts reads one request and then does what its scene says.
///
/// It runs on a thread of its own, serves one connection at a time, and keeps what it was sent.
package final class ScriptedServer: Sendable {
    /// One step of a scene. The request has been read, body included, before the first.
    package enum Step: Sendable {
        case send(String)
        case sendBytes([UInt8])
        /// Closes with RST instead of FIN.
        case reset
        /// Sends nothing more until the client has gone.
        case holdUntilClosed
        /// As the first step: does not wait for a request.
        case withoutRequest
        /// Tells the test that this point is reached.
        case signal(Signal)
    }

    package let port: UInt16
    private let listener: Int32
    private let record = Lock<[String]>([])

    /// - Parameter scenes: one a connection, in order; after the last one the listener is closed, and connections are refused.
    package init(_ scenes: [[Step]]) {
        (listener, port) = Self.listen()
        if scenes.isEmpty { close(listener) }
        let box = unsafe Unmanaged.passRetained(Work(server: self, scenes: scenes)).toOpaque()
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                work.server.play(work.scenes)
                return nil
            }, box)
        precondition(code == 0, "pthread_create: \(code)")
        pthread_detach(thread)
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    /// The requests so far: head and body as they came.
    package var requests: [String] { record.withLock { $0 } }

    private final class Work {
        let server: ScriptedServer
        let scenes: [[Step]]

        init(server: ScriptedServer, scenes: [[Step]]) {
            self.server = server
            self.scenes = scenes
        }
    }

    private static func listen() -> (Int32, UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe Glibc.bind(listener, generic, length) == 0 && Glibc.listen(listener, 16) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        precondition(bound, "listen: \(errno)")
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    private func play(_ scenes: [[Step]]) {
        for (index, scene) in scenes.enumerated() {
            let connection = accept(listener, nil, nil)
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)  // a child that a test starts must not hold it open
            if index == scenes.count - 1 { close(listener) }
            guard connection >= 0 else { continue }
            if case .withoutRequest = scene.first {
            } else if let request = readRequest(connection) {
                record.withLock { $0.append(request) }
            }
            scene.forEach { play($0, connection) }
            close(connection)
        }
    }

    private func play(_ step: Step, _ connection: Int32) {
        switch step {
        case .send(let text): send(Array(text.utf8), connection)
        case .sendBytes(let bytes): send(bytes, connection)
        case .reset:
            var hard = linger(l_onoff: 1, l_linger: 0)
            unsafe setsockopt(connection, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        case .holdUntilClosed: while !receive(connection).isEmpty {}
        case .withoutRequest: break
        case .signal(let signal): signal.raise()
        }
    }

    private func send(_ bytes: [UInt8], _ connection: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private func receive(_ connection: Int32) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(connection, $0.baseAddress, $0.count, 0) }
        return count > 0 ? Array(buffer[..<count]) : []
    }

    private func readRequest(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.firstRange(of: "\r\n\r\n") {
                let lengthLine = text[..<end.lowerBound].split(whereSeparator: \.isNewline).first {
                    $0.lowercased().hasPrefix("content-length:")
                }
                let length = lengthLine.flatMap { Int($0.dropFirst("content-length:".count).drop { $0 == " " }) } ?? 0
                if text[end.upperBound...].utf8.count >= length { return text }
            }
            let more = receive(connection)
            if more.isEmpty { return nil }
            bytes += more
        }
    }
}

extension ScriptedServer.Step {
    /// A complete answer that closes the connection.
    package static func answer(_ status: String, _ body: String = "", type: String = "application/json", headers: String = "") -> Self {
        .send(
            "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)Connection: close\r\n\r\n\(body)"
        )
    }

    /// The head of an event stream, chunked as the server sends it.
    package static let streamHead = Self.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")

    /// One chunk.
    package static func chunk(_ text: String) -> Self { .send("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n") }

    /// The last chunk: the response ends in good order.
    package static let lastChunk = Self.send("0\r\n\r\n")
}
