import EventLoop
import HTTP
import Locking
import Testing

@Suite struct ShortReplyTests {
    @Test func `a request is answered with a length, and the connection stays`() throws {
        let server = try TestServer()
        let client = try RawClient(port: server.port)
        for round in 0..<3 {
            client.send("GET /a/\(round)?x=1 HTTP/1.1\r\nHost: h\r\n\r\n")
            let (head, body) = client.receiveResponse()
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nDate: "))
            #expect(!head.contains("Connection:") && head.contains(" GMT\r\nContent-Type: text/plain\r\nContent-Length: "))
            #expect(body == "GET /a/\(round) x=1 0")
        }
        #expect(server.counters.connectionsAccepted.value == 1)
        #expect(server.counters.answersByStatus.map(\.status) == [200] && server.counters.answersByStatus.map(\.count) == [3])
    }

    @Test func `pipelined requests are not served: the first is answered and closes the connection`() throws {
        let server = try TestServer()
        let one = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
        let answer = try RawClient.exchange(server.port, one + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.contains("\r\nConnection: close\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nGET /1 - 0"))
        #expect(server.seen.withLock { $0 } == ["GET /1"])
    }

    @Test func `a body and a request behind it: the body is read, the request is not`() throws {
        let server = try TestServer()
        let answer = try RawClient.exchange(
            server.port, "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(answer.hasSuffix("\r\n\r\nPOST /1 - 3") && answer.contains("\r\nConnection: close\r\n"))
        #expect(server.seen.withLock { $0 } == ["POST /1"])
    }

    @Test func `HEAD gets the length and no body, and the connection stays usable`() throws {
        let shared = SharedBytes(Array(repeating: 0x61, count: 5_000))
        let server = try TestServer { request, reply, _ in
            reply.send(Response(status: 200, body: request.path == "/shared" ? .shared(shared) : .bytes(Array("hello".utf8))))
        }
        let client = try RawClient(port: server.port)
        for (path, length) in [("/x", 5), ("/shared", 5_000)] {
            client.send("HEAD \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.receiveResponse(hasBody: false).head.contains("\r\nContent-Length: \(length)\r\n"))
        }
        client.send("GET /shared HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.receiveResponse().body == String(repeating: "a", count: 5_000))
    }

    @Test(arguments: [204, 304]) func `a status without a body has no length`(status: Int) throws {
        let server = try TestServer { _, reply, _ in reply.send(Response(status: status)) }
        let client = try RawClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(!client.receiveResponse(hasBody: false).head.contains("Content-"))
    }

    @Test(arguments: [413, 421]) func `these statuses close the connection, so that what follows is never read as a request`(status: Int)
        throws
    {
        let server = try TestServer { _, reply, _ in reply.send(Response(status: status)) }
        let client = try RawClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.receiveAll().contains("\r\nConnection: close\r\n"))
    }

    @Test func `a response that asks for it closes the connection`() throws {
        let server = try TestServer { _, reply, _ in reply.send(Response(status: 200, closesConnection: true)) }
        #expect(try RawClient.exchange(server.port, "GET / HTTP/1.1\r\nHost: h\r\n\r\n").contains("\r\nConnection: close\r\n"))
    }

    @Test func `a header with a line end in it is left out`() throws {
        let server = try TestServer { _, reply, _ in
            reply.send(
                Response(status: 200, headers: [("X-Bad", "a\r\nX-Evil: 1"), ("X-Ba\nd", "a"), ("X-Good", "1")], closesConnection: true))
        }
        let answer = try RawClient.exchange(server.port, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(!answer.contains("Evil") && !answer.contains("X-Ba") && answer.contains("\r\nX-Good: 1\r\n"))
    }

    @Test func `a dropped reply answers 500`() throws {
        let server = try TestServer { _, _, _ in }
        #expect(try RawClient.exchange(server.port, "GET / HTTP/1.0\r\n\r\n").hasPrefix("HTTP/1.0 500 Internal Server Error\r\n"))
    }

    @Test func `a body over the limit is seen as too large, and far over it evhttp refuses by itself`() throws {
        var limits = Limits()
        limits.maxBodyBytes = 1_000
        let server = try TestServer(limits: limits) { request, reply, _ in
            reply.send(Response(status: request.bodyIsTooLarge ? 413 : 200, body: .bytes(request.body())))
        }
        for (length, status) in [(1_000, 200), (1_001, 413), (4_000, 413), (4_001, 413), (100_000, 413)] {
            let body = String(repeating: "b", count: length)
            let client = try RawClient(port: server.port)
            client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(length)\r\n\r\n\(body)")
            let answer = status == 200 ? client.receiveResponse() : (client.receiveAll(), "")
            #expect(answer.0.hasPrefix("HTTP/1.1 \(status) "), "\(length): \(answer.0)")
            if status == 200 { #expect(answer.1 == body) }
        }
    }

    @Test func `a client that waits for 100 Continue gets it`() throws {
        let server = try TestServer()
        let client = try RawClient(port: server.port)
        client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        #expect(client.receive(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("abc")
        #expect(client.receiveResponse().body == "POST / - 3")
    }

    @Test func `what a handler can ask of a request`() throws {
        let facts = Lock<[String]>([])
        let server = try TestServer { request, reply, _ in
            let lines = [
                request.query("a") ?? "nil", request.query("b") ?? "nil", request.query("c") ?? "nil", request.query("d d") ?? "nil",
                request.header("x-one") ?? "nil", request.headers("X-MANY").joined(separator: "|"), request.header("none") ?? "nil",
                "\(request.isHTTP10)", request.remoteAddress, "\(request.hasBody)", String(decoding: request.body(), as: UTF8.self),
                request.rawQuery ?? "nil", request.method.rawValue, request.path,
            ]
            facts.withLock { $0 = lines }
            reply.send(Response(status: 204))
        }
        let client = try RawClient(port: server.port)
        client.send(
            "PATCH /p%20q?a=1+2%2B%zz%4&a=3&b&d+d=%C3%A9 HTTP/1.1\r\nHost: h\r\nX-One: \t v \t\r\nX-Many: 1\r\nx-many: 2\r\nContent-Length: 2\r\n\r\nhi"
        )
        _ = client.receiveResponse(hasBody: false)
        #expect(
            facts.withLock { $0 } == [
                "1 2+%zz%4", "", "nil", "é", "v", "1|2", "nil", "false", "127.0.0.1", "true", "hi", "a=1+2%2B%zz%4&a=3&b&d+d=%C3%A9",
                "PATCH", "/p%20q",
            ])
    }

    @Test func `an access log hears of each answer, without the query`() throws {
        let lines = Lock<[String]>([])
        let server = try TestServer { request, reply, _ in
            if request.path == "/s" {
                reply.stream(StreamOpening(source: TestLog(), position: 0))
            } else {
                reply.send(Response(status: 404))
            }
        }
        server.asking { server, _ in
            server.onAnswered = { method, path, status, duration in
                lines.withLock { $0.append("\(method.rawValue) \(path) \(status) \(duration >= .zero)") }
            }
        }
        _ = try RawClient.exchange(server.port, "GET /x?token=secret HTTP/1.0\r\n\r\n")
        let viewer = try RawClient(port: server.port)
        viewer.send("GET /s?token=secret HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = viewer.receive(through: "\r\n\r\n")
        #expect(lines.withLock { $0 } == ["GET /x 404 true", "GET /s 200 true"])
    }
}
