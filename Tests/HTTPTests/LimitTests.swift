import EventLoop
import Glibc
import HTTP
import Testing

@Suite struct LimitTests {
    @Test(arguments: ["GET / HT", "GET / HTTP/1.1\r\nHost: h\r\nX: ", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nab"])
    func `a request that comes byte by byte does not outlive its time`(start: String) throws {
        var limits = Limits()
        limits.requestTimeout = .milliseconds(300)
        let server = try TestServer(limits: limits)
        let client = try RawClient(port: server.port)
        let began = ContinuousClock.now
        client.send(start)
        // Each byte would renew evhttp's own timeout.
        while server.counters.requestsTimedOut.value == 0, ContinuousClock.now - began < .seconds(5) {
            client.send("a")
            block(milliseconds: 20)
        }
        let time = ContinuousClock.now - began
        #expect(time > .milliseconds(250) && time < .seconds(3))
        #expect(eventually { server.counters.connections.value == 0 })
        #expect(server.seen.withLock { $0 }.isEmpty)
    }

    @Test func `the time runs from the first byte of each request, not of the connection`() throws {
        var limits = Limits()
        limits.requestTimeout = .milliseconds(300)
        let server = try TestServer(limits: limits)
        let client = try RawClient(port: server.port)
        for _ in 0..<4 {
            block(milliseconds: 120)
            client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.receiveResponse().body == "GET / - 0")
        }
        #expect(server.counters.requestsTimedOut.value == 0)
    }

    @Test func `a kept connection without a request is closed after the idle timeout, a parked reply is not`() throws {
        var limits = Limits()
        limits.idleTimeout = .seconds(1)
        let tickets = Signal<Ticket>()
        let server = try TestServer(limits: limits) { request, reply, parked in
            guard request.path == "/park" else { return reply.send(Response(status: 204)) }
            tickets.put(reply.park(in: parked))
        }
        let parked = try RawClient(port: server.port)
        parked.send("GET /park HTTP/1.1\r\nHost: h\r\n\r\n")
        let ticket = tickets.take()
        let idle = try RawClient(port: server.port)
        idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = idle.receiveResponse(hasBody: false)
        #expect(idle.isClosedByServer)
        server.onLoop { _, replies in replies.take(ticket)?.send(Response(status: 200, body: .bytes([0x61]))) }
        #expect(parked.receiveResponse().body == "a")
    }

    @Test func `a head over its limit is refused`() throws {
        var limits = Limits()
        limits.maxHeaderBytes = 1_000
        let server = try TestServer(limits: limits)
        for (padding, status) in [(900, 200), (1_000, 431), (100_000, 431)] {
            let client = try RawClient(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: \(String(repeating: "x", count: padding))\r\n\r\n")
            let answer = client.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 \(status) ") || (status == 431 && answer.isEmpty), "\(padding): \(answer)")
        }
        #expect(server.seen.withLock { $0.count } == 1)
    }

    @Test func `beyond the connections a reserve answers 503, beyond the reserve connections are closed, and room is used again`() throws {
        var limits = Limits()
        limits.maxConnections = 4
        limits.reserveConnections = 2
        limits.reserveTimeout = .milliseconds(200)
        let server = try TestServer(limits: limits)
        var inside = try (0..<4).map { _ in try RawClient(port: server.port) }
        #expect(eventually { server.counters.connections.value == 4 })
        let refused = try RawClient(port: server.port)
        refused.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
        let answer = refused.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("\r\nConnection: close\r\n"))
        // Two that send nothing fill the reserve until their short time is over; a third is closed at once.
        let silent = try (0..<2).map { _ in try RawClient(port: server.port) }
        #expect(eventually { server.counters.connections.value == 6 })
        let closed = try RawClient(port: server.port)
        #expect(closed.receiveSome().isEmpty && !closed.hasTimedOut)
        for client in silent { #expect(client.receiveSome().isEmpty && !client.hasTimedOut) }
        #expect(eventually { server.counters.connections.value == 4 })
        for client in inside {
            client.send("GET /y HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.receiveResponse().body == "GET /y - 0")
        }
        inside.removeLast()
        #expect(eventually { server.counters.connections.value == 3 })
        #expect(try RawClient.exchange(server.port, "GET /z HTTP/1.0\r\n\r\n").hasSuffix("GET /z - 0"))
        #expect(!server.seen.withLock { $0.contains("GET /x") })
        #expect(server.counters.connectionsRefused.value == 4)
    }

    @Test func `beyond the streams a request for one gets 503, over all loops together`() throws {
        var limits = Limits()
        limits.maxStreams = 3
        let log = TestLog()
        let server = try streaming(log, limits: limits)
        let open = try (0..<3).map { index in
            let client = try RawClient(port: server.port)
            client.send(index == 2 ? "GET /s HTTP/1.0\r\n\r\n" : get)
            _ = client.receive(through: "\r\n\r\n")
            return client
        }
        #expect(try RawClient.exchange(server.port, "GET /s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").hasPrefix("HTTP/1.1 503 "))
        open[2].hangUp()
        #expect(eventually { server.counters.streams.value == 2 })
        let next = try RawClient(port: server.port)
        next.send(get)
        #expect(next.receive(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
        // Until here the others stay open: a client that is no longer used hangs up.
        withExtendedLifetime(open) {}
    }

    @Test func `bodies that wait in memory are bounded over all connections`() throws {
        var limits = Limits()
        limits.requestBufferBytes = 310_000
        let server = try TestServer(limits: limits)
        let clients = try (0..<4).map { _ in try RawClient(port: server.port) }
        for client in clients {
            client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n")
            client.send([UInt8](repeating: 0x61, count: 150_000))
        }
        // Two fit, however the bytes of the four came; who goes beyond is closed.
        #expect(eventually { clients.count { $0.isAtEnd } == 2 })
        // There is room for a short request of somebody else, and for the rest of the two once one of them has gone.
        #expect(try RawClient.exchange(server.port, "GET /z HTTP/1.0\r\n\r\n").hasSuffix("GET /z - 0"))
        var open = clients.filter { !$0.isAtEnd }
        try #require(open.count == 2)
        open.removeLast().hangUp()
        #expect(eventually { server.counters.connections.value == 1 })
        open[0].send([UInt8](repeating: 0x61, count: 50_000))
        #expect(open[0].receiveResponse().body == "POST / - 200000")
        #expect(server.counters.requestsCutOff.value == 2)
    }

    @Test func `two loops share a port, and both get connections`() throws {
        let first = try TestServer()
        let second = try TestServer(sharing: first)
        #expect(first.port == second.port)
        for _ in 0..<64 { _ = try RawClient.exchange(first.port, "GET /x HTTP/1.0\r\n\r\n") }
        let counts = (first.seen.withLock { $0.count }, second.seen.withLock { $0.count })
        #expect(counts.0 + counts.1 == 64 && counts.0 > 8 && counts.1 > 8, "\(counts)")
        #expect(throws: SystemError("bind", code: EADDRINUSE)) { try Socket.probe(host: "127.0.0.1", port: first.port) }
    }
}

/// In a process of their own, whose descriptors are theirs alone.
@Suite(.serialized) struct DescriptorTests {
    @Test func `out of descriptors, new clients are told 503, the loop does not spin, and later all is well`() async {
        await #expect(processExitsWith: .success) {
            let server = try TestServer()
            let inside = try RawClient(port: server.port)
            inside.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
            guard inside.receiveResponse().body == "GET /a - 0" else { exit(1) }
            // The clients' sockets are made while there are descriptors, and connect when there are none left.
            let waiting = (0..<5).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
            var taken: [Int32] = []
            var limit = rlimit(rlim_cur: 200, rlim_max: 200)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            while true {
                let fd = dup(0)
                if fd < 0 { break }
                taken.append(fd)
            }
            let clients = try waiting.map { try RawClient(connecting: $0, port: server.port) }
            for client in clients {
                let answer = client.receiveAll()
                guard answer.hasPrefix("HTTP/1.1 503 ") else { exit(2) }
            }
            inside.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
            guard inside.receiveResponse().body == "GET /b - 0" else { exit(3) }
            // No spinning: an idle second costs the process next to no time.
            let before = clock()
            block(milliseconds: 500)
            guard clock() - before < CLOCKS_PER_SEC / 10 else { exit(4) }
            for fd in taken { close(fd) }
            guard try RawClient.exchange(server.port, "GET /c HTTP/1.0\r\n\r\n").hasSuffix("GET /c - 0") else { exit(5) }
        }
    }

    @Test func `500 disconnects in mid-stream, and a stopped server, leave the number of descriptors where it was`() async {
        await #expect(processExitsWith: .success) {
            let outside = openDescriptors()
            let log = TestLog()
            log.append(["a"])
            var server: TestServer? = try streaming(log)
            guard let port = server?.port, let counters = server?.counters else { exit(1) }
            let before = openDescriptors()
            for round in 0..<500 {
                let client = try RawClient(port: port)
                client.send(round % 4 == 1 ? "GET /s HTTP/1.0\r\n\r\n" : get)
                if round % 3 != 2 { _ = client.receive(through: "a\n\n") }
                if round % 5 == 0 { client.reset() }
            }
            guard eventually({ counters.connections.value == 0 }) else { exit(2) }
            // evhttp reports a connection's end just before it closes the socket.
            guard eventually({ openDescriptors() == before }) else { exit(3) }
            server = nil
            guard openDescriptors() == outside else { exit(4) }
        }
    }
}

/// How many sockets and devices this process has open; the runtime's own descriptors, which come and go, are neither.
func openDescriptors() -> Int {
    (0..<1024).count { fd in
        var status = stat()
        guard unsafe fstat(Int32(fd), &status) == 0 else { return false }
        return [S_IFSOCK, S_IFCHR].contains(status.st_mode & S_IFMT)
    }
}
