import EventLoop
import HTTP
import Testing

/// A server whose every GET is a stream of one log.
func streaming(_ log: TestLog, limits: Limits = Limits(), prefix: String = "", transcoder: LineTranscoder? = nil) throws -> TestServer {
    try TestServer(limits: limits) { request, reply, _ in
        let after = request.query("after").flatMap { Int($0) } ?? 0
        reply.stream(
            StreamOpening(source: log, position: log.position(after: after), headers: [("X-Extra", "1")], prefix: Array(prefix.utf8), transcoder: transcoder))
    }
}

let get = "GET /s HTTP/1.1\r\nHost: h\r\n\r\n"

@Suite(.serialized) struct StreamTests {
    @Test func `a viewer gets the head, its own prefix, the log so far, what follows live, and the end`() throws {
        let log = TestLog()
        log.append(["a", "b"])
        let server = try streaming(log, prefix: "retry: 1\n: x\n")
        let client = try RawClient(port: server.port)
        client.send(get)
        let head = client.receive(through: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"))
        #expect(head.contains("\r\nTransfer-Encoding: chunked\r\n") && head.contains("\r\nConnection: close\r\n") && head.contains("\r\nX-Extra: 1\r\n"))
        #expect(client.receive(through: "data: b\n\n\r\n") == "d\r\nretry: 1\n: x\n\r\n" + log.text(after: 0))
        log.append(["c"])
        #expect(client.receive(through: "data: c\n\n\r\n") == log.text(after: 2))
        log.append(["d"], end: .done)
        #expect(client.receiveAll() == log.text(after: 3) + "0\r\n\r\n")
        #expect(eventually { server.counters.streams.value == 0 && server.counters.connections.value == 0 })
        #expect(log.observerCount == 0)
        #expect(server.counters.eventsSent.value == 4)
    }
}
