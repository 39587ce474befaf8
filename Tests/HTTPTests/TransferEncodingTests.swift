import HTTP
import Testing

/// evhttp must never read chunks: it searches its whole buffer for the end of a chunk-size line, again at each read.
@Suite struct TransferEncodingTests {
    static let heads = [
        "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: h\r\ntRANSFER-eNCODING: chunked\r\n\r\n",
        "POST /x HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n",
        "POST /x HTTP/1.1\r\nHost: h\r\n\rX: y\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: h\r\nX: y\r\n z\r\nTransfer-Encoding: chunked\r\n\r\n",
    ]

    @Test(arguments: heads) func `a chunk size without an end does not keep the loop from others`(head: String) throws {
        let server = try TestServer()
        // The refusal comes at the end of the head, before any chunk.
        let early = try RawClient(port: server.port)
        for byte in head.utf8 { early.send([byte]) }
        let answer = early.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 411 ") || answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
        let clients = try (0..<2).map { _ in try RawClient(port: server.port) }
        for client in clients {
            client.send(head)
            client.sendWhilePossible([UInt8](repeating: UInt8(ascii: "1"), count: 8 << 20))
        }
        let began = ContinuousClock.now
        let other = try RawClient.exchange(server.port, "GET /y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        #expect(other.hasPrefix("HTTP/1.1 200 "))
        #expect(ContinuousClock.now - began < .seconds(1))
        #expect(eventually { server.counters.connections.value == 0 })
    }

    @Test func `a body that looks like a header reaches the handler as it was sent`() throws {
        let server = try TestServer()
        let body = "a\nTransfer-Encoding: chunked\r\n"
        let head = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
        #expect(try RawClient.exchange(server.port, head + body).hasSuffix("POST /x - \(body.utf8.count)"))
    }
}
