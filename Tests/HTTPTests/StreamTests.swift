import EventLoop
import Glibc
import HTTP
import Testing

/// A server whose every GET is a stream of one log.
func streaming(_ log: TestLog, limits: Limits = Limits(), prefix: String = "", transcoder: LineTranscoder? = nil) throws -> TestServer {
    try TestServer(limits: limits) { request, reply, _ in
        let after = request.query("after").flatMap { Int($0) } ?? 0
        reply.stream(
            StreamOpening(
                source: log, position: log.position(after: after), headers: [("X-Extra", "1")], prefix: Array(prefix.utf8),
                transcoder: transcoder))
    }
}

let get = "GET /s HTTP/1.1\r\nHost: h\r\n\r\n"

/// The body of a whole stream response, without chunk framing.
func body(_ response: String) -> String? {
    guard let end = response.firstRange(of: "\r\n\r\n") else { return nil }
    return dechunked(String(response[end.upperBound...]))
}

@Suite struct StreamTests {
    @Test func `a viewer gets the head, its own prefix, the log so far, what follows live, and the end`() throws {
        let log = TestLog()
        log.append(["a", "b"])
        let server = try streaming(log, prefix: "retry: 1\n: x\n")
        let client = try RawClient(port: server.port)
        client.send(get)
        let head = client.receive(through: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"))
        #expect(head.contains("\r\nTransfer-Encoding: chunked\r\n") && head.contains("\r\nConnection: close\r\n"))
        #expect(head.contains("\r\nX-Extra: 1\r\n") && head.contains("\r\nDate: "))
        #expect(client.receive(through: "data: b\n\n\r\n") == "d\r\nretry: 1\n: x\n\r\n" + log.text(after: 0))
        log.append(["c"])
        #expect(client.receive(through: "data: c\n\n\r\n") == log.text(after: 2))
        log.append(["d"], end: .done)
        #expect(client.receiveAll() == log.text(after: 3) + "0\r\n\r\n")
        client.hangUp()
        #expect(eventually { server.counters.streams.value == 0 && server.counters.connections.value == 0 })
        #expect(log.observerCount == 0)
        #expect(eventually { server.counters.eventsSent.value == 4 })
        #expect(server.counters.fanOut.reading.count >= 2)
    }

    @Test func `a resume at every event of a log yields the rest exactly once`() throws {
        let log = TestLog(segment: 7)
        log.append((1...50).map { String(repeating: "x", count: $0 * 13 % 400) })
        log.close(.done)
        let server = try streaming(log)
        for after in 0...50 {
            let answer = try RawClient.exchange(server.port, "GET /s?after=\(after) HTTP/1.1\r\nHost: h\r\n\r\n")
            let head = try #require(answer.firstRange(of: "\r\n\r\n"))
            #expect(answer[head.upperBound...] == log.text(after: after) + "0\r\n\r\n")
        }
    }

    @Test(arguments: [1, 2, 10, 50]) func `bytes that are no longer in memory come in pages, from any thread`(forgotten: Int) throws {
        let log = TestLog(segment: 3, pageEvents: 4)
        log.append((1...50).map { "event \($0)" })
        log.forget(events: forgotten)
        let server = try streaming(log)
        let readers = Worker()
        log.onPage.withLock { $0 = { log, offset, observer in readers.run { log.answer(offset, observer) } } }
        let clients = try (0..<20).map { index in
            let client = try RawClient(port: server.port)
            client.send("GET /s?after=\(index) HTTP/1.1\r\nHost: h\r\n\r\n")
            return client
        }
        #expect(eventually { server.counters.streamsOpened.value == 20 })
        log.append(["last"], end: .done)
        for (index, client) in clients.enumerated() {
            let answer = client.receiveAll()
            #expect(answer.hasSuffix("\r\n\r\n" + log.text(after: index) + "0\r\n\r\n"))
        }
        #expect(!log.requestedPages.isEmpty)
        readers.stop()
    }

    @Test func `a stream whose page cannot be read ends cleanly, and the others go on`() throws {
        let log = TestLog(pageEvents: 4)
        log.append((1...20).map { "event \($0)" })
        log.forget(events: 10)
        log.onPage.withLock { $0 = { log, offset, observer in observer.pageFailed(log, at: offset) } }
        let server = try streaming(log)
        let ahead = try RawClient(port: server.port)
        ahead.send("GET /s?after=15 HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(body(try RawClient.exchange(server.port, get)) == "")
        log.append(["x"], end: .done)
        #expect(ahead.receiveAll().hasSuffix(log.text(after: 15) + "0\r\n\r\n"))
    }

    @Test func `a page that does not cover what was asked for counts as failed`() throws {
        let log = TestLog(pageEvents: 4)
        log.append((1...20).map { "event \($0)" })
        log.forget(events: 10)
        let wrong = log.page(at: log.position(after: 6))
        log.onPage.withLock { $0 = { log, offset, observer in observer.pageArrived(log, wrong, at: offset) } }
        let server = try streaming(log)
        #expect(body(try RawClient.exchange(server.port, get)) == "")
    }

    @Test func `a reader that stops does not delay another, and gets everything later`() throws {
        let log = TestLog()
        let server = try streaming(log)
        let slow = try RawClient(port: server.port, receiveBuffer: 4096)
        let fast = try RawClient(port: server.port)
        slow.send(get)
        fast.send(get)
        #expect(eventually { server.counters.streams.value == 2 })
        let text = String(repeating: "y", count: 20_000)
        var received = ""
        for index in 0..<400 {
            log.append(["\(index) \(text)"], end: index == 399 ? .done : nil)
            // 8 MB in all, more than any socket buffer: the slow one is blocked from some moment on.
            received += fast.receive(throughEventEnding: 1)
        }
        received += fast.receiveAll()
        #expect(received.hasSuffix("\r\n\r\n" + log.text(after: 0) + "0\r\n\r\n"))
        #expect(server.counters.sendsBlocked.value > 0)
        #expect(slow.receiveAll().hasSuffix("\r\n\r\n" + log.text(after: 0) + "0\r\n\r\n"))
        #expect(eventually { server.counters.eventsSent.value == 800 })
    }

    @Test func `a reader that takes nothing for the write timeout is closed`() throws {
        var limits = Limits()
        limits.writeTimeout = .milliseconds(200)
        limits.heartbeat = .milliseconds(100)
        let log = TestLog()
        let server = try streaming(log, limits: limits)
        let client = try RawClient(port: server.port, receiveBuffer: 4096)
        client.send(get)
        #expect(eventually { server.counters.streams.value == 1 })
        log.append((0..<400).map { _ in String(repeating: "z", count: 20_000) })
        #expect(eventually { server.counters.streams.value == 0 })
        #expect(server.counters.streamsTimedOut.value == 1)
    }

    @Test func `only the silent get heartbeats, between events, and nothing else is changed by them`() throws {
        var limits = Limits()
        limits.heartbeat = .milliseconds(100)
        let quiet = TestLog()
        let server = try streaming(quiet, limits: limits)
        let client = try RawClient(port: server.port)
        client.send(get)
        _ = client.receive(through: "\r\n\r\n")
        #expect(client.receive(through: "2\r\n:\n\r\n2\r\n:\n\r\n") == "2\r\n:\n\r\n2\r\n:\n\r\n")
        quiet.append(["a"], end: .done)
        let rest = client.receiveAll()
        #expect(rest.hasSuffix(quiet.text(after: 0) + "0\r\n\r\n"))
        #expect(rest.replacing("2\r\n:\n\r\n", with: "") == quiet.text(after: 0) + "0\r\n\r\n")
    }

    @Test func `no heartbeat comes into the middle of an event that waits for its page, and the page goes on there`() throws {
        var limits = Limits()
        limits.heartbeat = .milliseconds(60)
        let log = TestLog(pageEvents: 1)
        let server = try streaming(log, limits: limits)
        let client = try RawClient(port: server.port, receiveBuffer: 4096)
        client.send(get)
        let head = client.receive(through: "\r\n\r\n")
        // One event of 8 MB, more than the socket's buffers take.
        log.append([String(repeating: "m", count: 8 << 20)])
        #expect(eventually { server.counters.sendsBlocked.value == 1 })
        let asked = Signal<any StreamObserver>()
        log.onPage.withLock { $0 = { _, _, observer in asked.put(observer) } }
        log.forget(events: 1)
        log.append(["after it"], end: .done)
        var received = head
        while log.requestedPages.isEmpty { received += String(decoding: client.receiveSome(), as: UTF8.self) }
        // Silent for several heartbeats now, in the middle of the event.
        let ticks = server.counters.heartbeatsSent.value
        block(milliseconds: 300)
        #expect(server.counters.heartbeatsSent.value == ticks)
        let observer = asked.take()
        log.onPage.withLock { $0 = nil }
        log.answer(log.requestedPages[0], observer)
        received += client.receiveAll()
        // Heartbeats may have come before the event, none inside.
        let text = try #require(received.firstRange(of: "\r\n\r\n").map { received[$0.upperBound...] })
        #expect(text.replacing("2\r\n:\n\r\n", with: "") == log.text(after: 0) + "0\r\n\r\n")
        #expect(text.hasSuffix(log.text(after: 0) + "0\r\n\r\n"))
    }

    @Test func `a stream that is never silent gets no heartbeat`() throws {
        var limits = Limits()
        limits.heartbeat = .milliseconds(400)
        let log = TestLog()
        let server = try streaming(log, limits: limits)
        let client = try RawClient(port: server.port)
        client.send(get)
        _ = client.receive(through: "\r\n\r\n")
        let began = ContinuousClock.now
        var all = ""
        while ContinuousClock.now - began < .milliseconds(1_200) {
            log.append(["tick"])
            all += client.receive(through: "data: tick\n\n\r\n")
            block(milliseconds: 20)
        }
        #expect(all == log.text(after: 0))
        #expect(server.counters.heartbeatsSent.value == 0)
    }

    @Test func `heartbeats of many silent streams are spread over time`() throws {
        var limits = Limits()
        limits.heartbeat = .milliseconds(800)
        let log = TestLog()
        let server = try streaming(log, limits: limits)
        let clients = try (0..<200).map { _ in try RawClient(port: server.port) }
        for client in clients { client.send(get) }
        #expect(eventually { server.counters.streams.value == 200 })
        log.append(["all at once"])
        #expect(eventually { server.counters.heartbeatsSent.value > 0 })
        // At the first tick with a heartbeat, by far not all are due.
        #expect(server.counters.heartbeatsSent.value < 100)
        #expect(eventually { server.counters.heartbeatsSent.value >= 200 })
        for client in clients { client.hangUp() }
    }

    @Test func `500 disconnects in mid-stream leave the number of descriptors where it was`() throws {
        let log = TestLog()
        log.append(["a"])
        let server = try streaming(log)
        let transcoding = try streaming(log, transcoder: LineTranscoder())
        _ = try RawClient(port: server.port)
        #expect(eventually { server.counters.connections.value == 0 })
        let before = server.asking { _, _ in 0 }
        for round in 0..<500 {
            let client = try RawClient(port: round % 4 == 3 ? transcoding.port : server.port)
            client.send(round % 4 == 1 ? "GET /s HTTP/1.0\r\n\r\n" : get)
            _ = client.receive(through: "data: a\n\n\r\n".prefix(round % 2 == 0 ? 7 : 1).description)
            if round % 3 == 0 { client.reset() }
        }
        #expect(eventually { server.counters.streams.value + transcoding.counters.streams.value == 0 })
        #expect(eventually { server.counters.connections.value + transcoding.counters.connections.value == 0 })
        #expect(before == 0)
        #expect(log.observerCount == 0)
    }

    @Test(arguments: ["HTTP/1.1", "HTTP/1.0"]) func `a client that half-closes is gone`(version: String) throws {
        let log = TestLog()
        log.append(["a"])
        let server = try streaming(log)
        let client = try RawClient(port: server.port)
        client.send("GET /s \(version)\r\nHost: h\r\n\r\n")
        _ = client.receive(through: "data: a\n\n")
        client.endSending()
        #expect(eventually { server.counters.streams.value == 0 && server.counters.connections.value == 0 })
    }

    @Test func `a flood sent up a stream is not kept, and the stream still gets its end`() throws {
        let log = TestLog()
        log.append(["a"])
        let server = try streaming(log)
        let client = try RawClient(port: server.port)
        client.send(get)
        _ = client.receive(through: "data: a\n\n\r\n")
        client.sendWhilePossible([UInt8](repeating: 0x41, count: 4 << 20))
        log.append([String(repeating: "b", count: 200_000), "c"], end: .done)
        #expect(client.receiveAll() == log.text(after: 1) + "0\r\n\r\n")
        client.hangUp()
        #expect(eventually { server.counters.streams.value == 0 })
    }

    @Test func `a client that stays after the end is closed in its time`() throws {
        var limits = Limits()
        limits.drainTimeout = .milliseconds(100)
        let log = TestLog()
        log.append(["a"], end: .done)
        let server = try streaming(log, limits: limits)
        let client = try RawClient(port: server.port)
        client.send(get)
        #expect(client.receiveAll().hasSuffix("0\r\n\r\n"))
        #expect(eventually { server.counters.streams.value == 0 })
    }

    @Test func `requests are answered while thousands of sends are under way`() throws {
        let log = TestLog()
        let server = try TestServer { request, reply, _ in
            guard request.path == "/s" else { return reply.send(Response(status: 204)) }
            reply.stream(StreamOpening(source: log, position: 0))
        }
        let clients = try (0..<500).map { _ in try RawClient(port: server.port) }
        for client in clients { client.send(get) }
        #expect(eventually { server.counters.streams.value == 500 })
        let other = try RawClient(port: server.port)
        for index in 0..<50 {
            log.append(["\(index)"])
            other.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(other.receiveResponse(hasBody: false).head.hasPrefix("HTTP/1.1 204"))
        }
        log.close(.done)
        for client in clients { #expect(client.receiveAll().hasSuffix("\r\n\r\n" + log.text(after: 0) + "0\r\n\r\n")) }
        #expect(eventually { server.counters.eventsSent.value == 25_000 })
    }
}
