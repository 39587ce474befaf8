import EventLoop
import HTTP
import Locking
import Testing

@Suite struct DrainTests {
    @Test func `streams end one after the other, each cleanly, and then the server says so`() throws {
        let log = TestLog()
        log.append(["a"])
        let server = try TestServer { request, reply, _ in
            let transcoder = request.path == "/lines" ? LineTranscoder() : nil
            reply.stream(StreamOpening(source: log, position: 0, transcoder: transcoder))
        }
        let requests = [get, "GET /lines HTTP/1.1\r\nHost: h\r\n\r\n", "GET /s HTTP/1.0\r\n\r\n"]
        let clients = try (0..<30).map { index in
            let client = try RawClient(port: server.port)
            client.send(requests[index % 3])
            return client
        }
        #expect(eventually { server.counters.streams.value == 30 })
        let done = Signal<ContinuousClock.Instant>()
        let began = ContinuousClock.now
        server.onLoop { server, _ in server.closeStreams(over: .milliseconds(600)) { done.put(.now) } }
        for (index, client) in clients.enumerated() {
            let answer = client.receiveAll()
            let expected = ["data: a\n\n\r\n0\r\n\r\n", "2\r\na\n\r\n0\r\n\r\n", "data: a\n\n"][index % 3]
            #expect(answer.hasSuffix(expected), "\(answer)")
            client.hangUp()
        }
        // Spread, not all in the first tick.
        #expect(done.take() - began > .milliseconds(300))
        #expect(server.counters.streams.value == 0)
        #expect(log.observerCount == 0)
    }

    @Test func `a stream that cannot end in time is closed, and one in the middle of an event first gets its rest`() throws {
        var limits = Limits()
        limits.drainTimeout = .milliseconds(300)
        let log = TestLog()
        let server = try streaming(log, limits: limits)
        let stuck = try RawClient(port: server.port, receiveBuffer: 4096)
        let late = try RawClient(port: server.port, receiveBuffer: 4096)
        for client in [stuck, late] { client.send(get) }
        #expect(eventually { server.counters.streams.value == 2 })
        log.append((0..<300).map { _ in String(repeating: "z", count: 30_000) })
        #expect(eventually { server.counters.sendsBlocked.value >= 2 })
        let done = Signal<Bool>()
        server.onLoop { server, _ in server.closeStreams(over: .milliseconds(100)) { done.put(true) } }
        let answer = late.receiveAll()
        #expect(body(answer)?.hasSuffix("z\n\n") == true, "not cut at an event's end")
        late.hangUp()
        #expect(done.take())
        #expect(server.counters.streams.value == 0)
    }

    @Test func `while streams are ended a new one is not left without an answer, and closing without streams is at once`() throws {
        let log = TestLog()
        let server = try streaming(log, limits: Limits())
        let open = try RawClient(port: server.port)
        open.send(get)
        _ = open.receive(through: "\r\n\r\n")
        let done = Signal<Bool>()
        // Held up by the first stream, whose client does not close.
        server.asking { server, _ in server.closeStreams(over: .milliseconds(10)) { done.put(true) } }
        let answer = try RawClient.exchange(server.port, get)
        // So that the client comes back.
        #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains("\r\nContent-Type: text/event-stream\r\n"))
        open.hangUp()
        #expect(done.take())
        let again = Signal<Bool>()
        server.onLoop { server, _ in server.closeStreams(over: .seconds(5)) { again.put(true) } }
        #expect(again.take())
    }

    @Test func `idle connections are closed, and those with a request behind their answer`() throws {
        let tickets = Signal<Ticket>()
        let server = try TestServer { request, reply, parked in
            guard request.path == "/park" else { return reply.send(Response(status: 204)) }
            tickets.put(reply.park(in: parked))
        }
        let idle = try RawClient(port: server.port)
        idle.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(idle.receiveResponse().head.hasPrefix("HTTP/1.1 204"))
        let fresh = try RawClient(port: server.port)
        let busy = try RawClient(port: server.port)
        busy.send("GET /park HTTP/1.1\r\nHost: h\r\n\r\n")
        let ticket = tickets.take()
        #expect(eventually { server.counters.connections.value == 3 })
        server.asking { server, _ in server.closeConnectionsWhenIdle() }
        #expect(idle.isClosedByServer)
        #expect(fresh.isClosedByServer)
        server.onLoop { _, parked in parked.take(ticket)?.send(Response(status: 200, body: .bytes([0x61]))) }
        let answer = busy.receiveAll()
        #expect(answer.contains("\r\nConnection: close\r\n") && answer.hasSuffix("\r\n\r\na"))
    }

    @Test func `who is not let in any more is refused by the kernel`() throws {
        let server = try TestServer()
        let inside = try RawClient(port: server.port)
        #expect(eventually { server.counters.connections.value == 1 })
        server.asking { server, _ in server.stopAccepting() }
        #expect(throws: RawClient.Failure.self) { _ = try RawClient(port: server.port) }
        inside.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(inside.receiveResponse().body == "GET /x - 0")
    }

    @Test func `a loop that stops frees everything that is open`() throws {
        let log = TestLog()
        let tickets = Signal<Ticket>()
        let server = try TestServer { request, reply, parked in
            switch request.path {
            case "/park": tickets.put(reply.park(in: parked))
            case "/lines": reply.stream(StreamOpening(source: log, position: 0, transcoder: LineTranscoder()))
            default: reply.stream(StreamOpening(source: log, position: 0))
            }
        }
        let clients = try ["/park", "/lines", "/s", "/s"].map { path in
            let client = try RawClient(port: server.port)
            client.send("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
            return client
        }
        let idle = try RawClient(port: server.port)
        _ = tickets.take()
        #expect(eventually { server.counters.streams.value == 3 && server.counters.connections.value == 5 })
        server.stop()
        #expect(server.counters.connections.value == 0 && server.counters.streams.value == 0)
        #expect(log.observerCount == 0)
        for client in clients + [idle] { while !client.receiveSome().isEmpty {} }
    }
}
