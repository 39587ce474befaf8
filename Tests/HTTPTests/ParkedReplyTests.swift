import EventLoop
import HTTP
import Testing

@Suite struct ParkedReplyTests {
    private func parking() throws -> (server: TestServer, tickets: Signal<Ticket>) {
        let tickets = Signal<Ticket>()
        let server = try TestServer { _, reply, parked in tickets.put(reply.park(in: parked)) }
        return (server, tickets)
    }

    @Test func `a parked reply is answered when a message says so, and the connection stays`() throws {
        let (server, tickets) = try parking()
        let client = try RawClient(port: server.port)
        for round in 0..<3 {
            client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            let ticket = tickets.take()
            #expect(server.asking { _, parked in parked.count } == 1)
            server.onLoop { _, parked in parked.take(ticket)?.send(Response(status: 200, body: .bytes(Array("\(round)".utf8)))) }
            #expect(client.receiveResponse().body == "\(round)")
            #expect(server.asking { _, parked in parked.take(ticket) == nil })
        }
    }

    @Test func `a client that leaves meanwhile costs nothing`() throws {
        let (server, tickets) = try parking()
        for round in 0..<20 {
            let client = try RawClient(port: server.port)
            client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx")
            let ticket = tickets.take()
            if round % 2 == 0 { client.reset() } else { client.hangUp() }
            server.onLoop { _, parked in
                parked.take(ticket)?.send(Response(status: 200, body: .bytes([UInt8](repeating: 0, count: 1 << 20))))
            }
        }
        #expect(eventually { server.counters.connections.value == 0 })
        #expect(server.asking { _, parked in parked.count } == 0)
    }

    @Test func `a request that comes while one is parked waits, and is then served`() throws {
        let (server, tickets) = try parking()
        let client = try RawClient(port: server.port)
        client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
        let first = tickets.take()
        client.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(server.asking { _, parked in parked.count } == 1)
        server.onLoop { _, parked in parked.take(first)?.send(Response(status: 204)) }
        _ = client.receiveResponse(hasBody: false)
        let second = tickets.take()
        server.onLoop { _, parked in parked.take(second)?.send(Response(status: 204)) }
        _ = client.receiveResponse(hasBody: false)
        #expect(server.seen.withLock { $0 } == ["GET /1", "GET /2"])
    }

    @Test func `clients that hang up while their replies wait leave no connection behind`() throws {
        let tickets = Signal<Ticket>()
        var limits = Limits()
        limits.parkedSweep = .milliseconds(10)
        limits.halfCloseGrace = .milliseconds(50)
        let dropped = Signal<Ticket>()
        let server = try TestServer(limits: limits) { _, reply, parked in
            parked.onDropped = { dropped.put($0) }
            tickets.put(reply.park(in: parked))
        }
        for round in 0..<200 {
            let client = try RawClient(port: server.port)
            client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
            _ = tickets.take()
            if round % 2 == 0 { client.reset() } else { client.hangUp() }
        }
        for _ in 0..<200 { _ = dropped.take() }
        #expect(eventually { server.counters.connections.value == 0 })
        #expect(server.asking { _, parked in parked.count } == 0)
    }

    @Test func `a client that only ends sending still gets its answer`() throws {
        var limits = Limits()
        limits.parkedSweep = .milliseconds(1)
        let tickets = Signal<Ticket>()
        let server = try TestServer(limits: limits) { _, reply, parked in tickets.put(reply.park(in: parked)) }
        let client = try RawClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        let ticket = tickets.take()
        client.endSending()
        block(milliseconds: 50)
        server.onLoop { _, parked in parked.take(ticket)?.send(Response(status: 200, body: .bytes(Array("late".utf8)))) }
        #expect(client.receiveResponse().body == "late")
    }

    @Test func `a reply that nobody gives ends with 503, and an answer after that does nothing`() throws {
        var limits = Limits()
        limits.parkedSweep = .milliseconds(10)
        limits.replyTimeout = .milliseconds(50)
        let tickets = Signal<Ticket>()
        let server = try TestServer(limits: limits) { _, reply, parked in tickets.put(reply.park(in: parked)) }
        let client = try RawClient(port: server.port)
        for _ in 0..<2 {
            client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            let ticket = tickets.take()
            let answer = client.receiveResponse()
            #expect(answer.head.hasPrefix("HTTP/1.1 503 ") && answer.body == "replyTimeout")
            #expect(server.asking { _, parked in parked.take(ticket) == nil })
        }
    }

    @Test func `a parked reply may become a stream, and a dropped one answers 500`() throws {
        let (server, tickets) = try parking()
        let log = TestLog()
        log.append(["a"], end: .done)
        let viewer = try RawClient(port: server.port)
        viewer.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n")
        let ticket = tickets.take()
        server.onLoop { _, parked in parked.take(ticket)?.stream(StreamOpening(source: log, position: 0)) }
        #expect(body(viewer.receiveAll()) == TestLog.block(1, "a"))
        let other = try RawClient(port: server.port)
        other.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
        let dropped = tickets.take()
        server.onLoop { _, parked in _ = parked.take(dropped) }
        #expect(other.receiveResponse().head.hasPrefix("HTTP/1.1 500 "))
    }
}
