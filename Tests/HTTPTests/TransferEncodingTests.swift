import EventLoop
import HTTP
import Testing

/// Chunked bodies, and what may be sent in their place.
@Suite struct TransferEncodingTests {
    static let head = "POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test(arguments: ["1", "1;", "1;" + String(repeating: "x", count: 257), "0\r\nX: ", "1\r\nxx", "+1\r\n", "11111111111111111", ""])
    func `a chunk that never ends does not keep the loop from others`(start: String) throws {
        let server = try TestServer()
        let clients = try (0..<2).map { _ in try RawClient(port: server.port) }
        for client in clients {
            client.send(Self.head + start)
            client.sendWhilePossible([UInt8](repeating: UInt8(ascii: "1"), count: 8 << 20))
        }
        let began = ContinuousClock.now
        let other = try RawClient.exchange(server.port, "GET /y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        #expect(other.hasPrefix("HTTP/1.1 200 "))
        #expect(ContinuousClock.now - began < .seconds(1))
        #expect(eventually { server.counters.connections.value == 0 })
        #expect(server.seen.withLock { $0 } == ["GET /y"])
    }

    @Test func `a chunked body that comes byte by byte is what was sent`() throws {
        let server = try TestServer { request, reply, _ in reply.send(Response(status: 200, body: .bytes(request.body()))) }
        let client = try RawClient(port: server.port)
        for byte in (Self.head + "5\r\nhello\r\n00B;a=\"b\"\r\n, you there\r\n0\r\n\r\n").utf8 { client.send([byte]) }
        #expect(client.receiveAll().hasSuffix("\r\n\r\nhello, you there"))
    }

    @Test(arguments: [
        ("Transfer-Encoding: chunked\r\n\r\n7FFFFFFFFFFFFFFF\r\n", 413), ("Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", 413),
        ("Transfer-Encoding: chunked\r\n\r\n3E9\r\n", 413),
        ("Expect: tea\r\nContent-Length: 1\r\n\r\n", 417),
        ("Transfer-Encoding: gzip\r\n\r\n", 501), ("Transfer-Encoding: gzip, chunked\r\n\r\n", 400),
        ("Transfer-Encoding: chunked, chunked\r\n\r\n", 400), ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400),
        ("No colon\r\n\r\n", 400), ("Transfer-Encoding: chunked\r\n\r\n0x1\r\n", 400),
    ])
    func `what is refused by the head is answered before the body comes`(rest: String, status: Int) throws {
        var limits = Limits()
        limits.maxBodyBytes = 1_000
        let server = try TestServer(limits: limits)
        let client = try RawClient(port: server.port)
        client.send("POST /x HTTP/1.1\r\nHost: h\r\n" + rest)
        let answer = client.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        #expect(answer.contains("\r\nConnection: close\r\n") && !answer.contains("<HTML>"))
        #expect(server.seen.withLock { $0.isEmpty })
    }

    @Test func `a refused client that still sends gets its answer, not a reset`() throws {
        let server = try TestServer { request, reply, _ in reply.send(Response(status: request.bodyIsTooLarge ? 413 : 200)) }
        let client = try RawClient(port: server.port)
        client.send("POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
        for _ in 0..<50 { client.send([UInt8](repeating: 0x61, count: 1_000)) }
        #expect(client.receiveAll().hasPrefix("HTTP/1.1 413 "))
        #expect(!client.wasReset)
    }

    @Test(arguments: ["Expect: tea\r\n\r\n", "Content-Length: 5\r\n\r\n", "a\n"])
    func `a refused HEAD gets no body`(rest: String) throws {
        let server = try TestServer()
        let answer = try RawClient.exchange(server.port, "HEAD /x HTTP/1.1\r\nHost: h\r\n" + rest)
        #expect(answer.hasPrefix("HTTP/1.1 4") && answer.hasSuffix("\r\n\r\n"), "\(answer)")
    }

    @Test func `Expect is answered 100, then the answer`() throws {
        let server = try TestServer()
        let client = try RawClient(port: server.port)
        client.send("POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        #expect(client.receive(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("ab")
        #expect(client.receiveAll().hasSuffix("POST /x - 2"))
    }

    @Test func `a request that does not come in time gets 408, a slow but steady body is served`() throws {
        var limits = Limits()
        limits.requestTimeout = .milliseconds(300)
        limits.bodyBytesPerSecond = 1_000
        let server = try TestServer(limits: limits)
        let stuck = try RawClient(port: server.port)
        stuck.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\nab")
        #expect(stuck.receiveAll().hasPrefix("HTTP/1.1 408 "))
        let steady = try RawClient(port: server.port)
        steady.send("POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4000\r\n\r\n")
        for _ in 0..<40 {
            steady.send([UInt8](repeating: 0x61, count: 100))
            block(milliseconds: 20)
        }
        #expect(steady.receiveAll().hasSuffix("POST /x - 4000"))
    }

    @Test func `a body that looks like a header reaches the handler as it was sent`() throws {
        let server = try TestServer { request, reply, _ in reply.send(Response(status: 200, body: .bytes(request.body()))) }
        let body = "a\nTransfer-Encoding: chunked\r\nExpect: x\r\n"
        let head = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
        #expect(try RawClient.exchange(server.port, head + body).hasSuffix("\r\n\r\n" + body))
    }
}
