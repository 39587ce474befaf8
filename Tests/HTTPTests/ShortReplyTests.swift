import EventLoop
import HTTP
import Testing

@Suite struct ShortReplyTests {
    @Test func `a request is answered with a length, and the connection stays`() throws {
        let server = try TestServer()
        let client = try RawClient(port: server.port)
        for round in 0..<3 {
            client.send("GET /a/\(round)?x=1 HTTP/1.1\r\nHost: h\r\n\r\n")
            let (head, body) = client.receiveResponse()
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "))
            #expect(!head.contains("Connection:"))
            #expect(body == "GET /a/\(round) x=1 0")
        }
    }
}
