import EventLoop
import HTTP
import Testing

/// Streams through evhttp: HTTP/1.0, and what is transcoded.
@Suite struct SlowStreamTests {
    @Test(arguments: ["", "Connection: keep-alive\r\n", "Connection: close\r\n"])
    func `an HTTP/1.0 client gets the plain text until the connection closes`(header: String) throws {
        let log = TestLog(segment: 3)
        log.append((1...10).map { "event \($0)" })
        let server = try streaming(log, prefix: "retry: 1\n")
        let client = try RawClient(port: server.port)
        client.send("GET /s HTTP/1.0\r\n\(header)\r\n")
        let head = client.receive(through: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n"))
        #expect(!head.contains("Transfer-Encoding") && !head.contains("Content-Length") && !head.contains("keep-alive"))
        #expect(client.receive(through: "event 10\n\n").hasPrefix("retry: 1\nid: 1\ndata: event 1\n\nid: 2\n"))
        log.append(["last"], end: .done)
        #expect(client.receiveAll() == TestLog.block(11, "last"))
        #expect(eventually { server.counters.streams.value == 0 && server.counters.connections.value == 0 })
        #expect(log.observerCount == 0)
    }

    @Test func `a transcoded stream is chunked anew, with its own type, prefix and heartbeat`() throws {
        var limits = Limits()
        limits.heartbeat = .milliseconds(100)
        let log = TestLog()
        log.append(["a", "b"])
        let server = try streaming(log, limits: limits, prefix: "data: first\n\n", transcoder: LineTranscoder())
        let client = try RawClient(port: server.port)
        client.send(get)
        let head = client.receive(through: "\r\n\r\n")
        #expect(head.contains("\r\nContent-Type: application/x-ndjson\r\n") && head.contains("\r\nTransfer-Encoding: chunked\r\n"))
        #expect(head.contains("\r\nX-Extra: 1\r\n") && head.contains("\r\nCache-Control: no-cache, no-transform\r\n"))
        #expect(client.receive(through: "1\r\n\n\r\n").hasPrefix("6\r\nfirst\n\r\n4\r\na\nb\n\r\n"))
        log.append(["c"], end: .done)
        let rest = client.receiveAll().replacing("1\r\n\n\r\n", with: "")
        #expect(rest == "2\r\nc\n\r\n0\r\n\r\n")
        #expect(server.counters.heartbeatsSent.value > 0)
    }

    @Test(arguments: [1, 25, 50]) func `old bytes come in pages here too`(forgotten: Int) throws {
        let log = TestLog(segment: 3, pageEvents: 4)
        log.append((1...50).map { "event \($0)" })
        log.forget(events: forgotten)
        let server = try streaming(log)
        let readers = Worker()
        log.onPage.withLock { $0 = { log, offset, observer in readers.run { log.answer(offset, observer) } } }
        let clients = try (0..<10).map { index in
            let client = try RawClient(port: server.port)
            client.send("GET /s?after=\(index) HTTP/1.\(index % 2)\r\nHost: h\r\n\r\n")
            return client
        }
        #expect(eventually { server.counters.streamsOpened.value == 10 })
        log.append(["last"], end: .done)
        for (index, client) in clients.enumerated() {
            let plain = (index + 1...51).map { TestLog.block($0, $0 == 51 ? "last" : "event \($0)") }.joined()
            let answer = client.receiveAll()
            if index % 2 == 0 { #expect(answer.hasSuffix("\r\n\r\n" + plain)) } else { #expect(body(answer) == plain) }
        }
        readers.stop()
    }

    @Test func `a page that cannot be read ends the response`() throws {
        let log = TestLog()
        log.append(["a", "b"])
        log.forget(events: 1)
        log.onPage.withLock { $0 = { log, offset, observer in observer.pageFailed(log, at: offset) } }
        let server = try streaming(log, transcoder: LineTranscoder())
        #expect(body(try RawClient.exchange(server.port, get)) == "")
    }

    @Test func `what waits for a slow reader is bounded, and it gets everything`() throws {
        let log = TestLog()
        let server = try streaming(log, transcoder: LineTranscoder())
        let client = try RawClient(port: server.port, receiveBuffer: 4096)
        client.send(get)
        #expect(eventually { server.counters.streams.value == 1 })
        let text = String(repeating: "y", count: 10_000)
        log.append((0..<1000).map { "\($0) \(text)" }, end: .done)
        // Sent so far is what the kernel took and at most a buffer; the log has 10 MB.
        #expect(eventually { server.counters.eventsSent.value > 10 })
        #expect(server.counters.eventsSent.value < 900)
        let expected = (0..<1000).map { "\($0) \(text)\n" }.joined()
        #expect(body(client.receiveAll()) == expected)
    }

    @Test func `a reader that takes nothing for the write timeout is closed`() throws {
        var limits = Limits()
        limits.writeTimeout = .milliseconds(200)
        limits.heartbeat = .milliseconds(100)
        let log = TestLog()
        let server = try streaming(log, limits: limits)
        let client = try RawClient(port: server.port, receiveBuffer: 4096)
        client.send("GET /s HTTP/1.0\r\n\r\n")
        #expect(eventually { server.counters.streams.value == 1 })
        log.append((0..<1000).map { _ in String(repeating: "z", count: 20_000) })
        #expect(eventually { server.counters.streams.value == 0 && server.counters.connections.value == 0 })
        #expect(server.counters.streamsTimedOut.value == 1)
    }

    @Test func `a flood sent up a stream is not kept, and the stream goes on`() throws {
        let log = TestLog()
        let server = try streaming(log, transcoder: LineTranscoder())
        let client = try RawClient(port: server.port)
        client.send(get)
        _ = client.receive(through: "\r\n\r\n")
        for _ in 0..<8 {
            client.sendWhilePossible([UInt8](repeating: 0x41, count: 1 << 20))
            log.append(["a"])
            #expect(client.receive(through: "2\r\na\n\r\n") == "2\r\na\n\r\n")
        }
        log.close(.done)
        #expect(client.receiveAll() == "0\r\n\r\n")
    }
}
