import ClientTestSupport
import HTTPClient
import Testing

struct EventSourceTests {
    /// The steps until the end, `data` for an event; an error as its description.
    private func steps(_ source: EventSource, limit: Int = 100) -> [String] {
        var steps: [String] = []
        while steps.count < limit {
            do {
                switch try source.next() {
                case .connected: steps.append("connected")
                case .event(let event): steps.append(event.data)
                case .reconnecting(_, .endedEarly, _): steps.append("ended early")
                case .reconnecting(_, .failed(let error), _): steps.append(name(error))
                case .ended: return steps + ["ended"]
                case .interrupted: return steps + ["interrupted"]
                }
            } catch {
                return steps + ["throws \(name(error))"]
            }
        }
        return steps
    }

    private func name(_ error: HTTPError) -> String {
        switch error {
        case .unreachable: "unreachable"
        case .timeout: "timeout"
        case .broken: "broken"
        case .badResponse: "bad response"
        case .refused(let response): "refused \(response.status) \(String(decoding: response.body, as: UTF8.self))"
        default: "\(error)"
        }
    }

    private func source(
        _ server: ScriptedServer, lastEventID: String = "", giveUpAfter: Duration = .seconds(20), stall: Duration = .seconds(20),
        retriesFirstContact: Bool = false
    ) throws -> EventSource {
        var options = EventSource.Options()
        options.policy = ReconnectPolicy(giveUpAfter: giveUpAfter, retriesFirstContact: retriesFirstContact, defaultWait: .milliseconds(1))
        options.stallTimeout = stall
        return EventSource(
            HTTPRequest(url: server.url + "/s?from=start"), client: try HTTPClient(), lastEventID: lastEventID, options: options,
            chance: { 0 })
    }

    private func cursors(_ server: ScriptedServer) -> [String?] {
        server.requests.map { request in
            request.split(separator: "\r\n").first { $0.hasPrefix("Last-Event-ID: ") }.map { String($0.dropFirst(15)) }
        }
    }

    @Test func `a stream ends with its end marker`() throws {
        let server = ScriptedServer([
            [.streamHead, .chunk("id: 1\ndata: a\n\nid: 2\ndata: b\n\n"), .chunk("id: 3\ndata: [DONE]\n\n"), .holdUntilClosed]
        ])
        let source = try source(server)
        #expect(steps(source) == ["connected", "a", "b", "ended"])
        #expect(source.lastEventID == "3")
        #expect(try source.next() == .ended)
        #expect(server.requests.first?.hasPrefix("GET /s?from=start HTTP/1.1\r\n") == true)
        #expect(server.requests.first?.contains("\r\nAccept: text/event-stream\r\n") == true)
        #expect(cursors(server) == [nil])
    }

    @Test(arguments: [([.reset], "broken"), ([], "broken"), ([.lastChunk], "ended early")] as [([ScriptedServer.Step], String)])
    func `a stream that stops without its end marker is resumed after the last whole event`(stop: [ScriptedServer.Step], told: String)
        throws
    {
        let server = ScriptedServer([
            [.streamHead, .chunk("retry: 1\nid: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: cut of")] + stop,
            [.streamHead, .chunk("id: 3\ndata: c\n\nid: 4\ndata: [DONE]\n\n"), .lastChunk],
        ])
        #expect(try steps(source(server)) == ["connected", "a", "b", told, "connected", "c", "ended"])
        #expect(cursors(server) == [nil, "2"])
    }

    @Test func `a failing server is asked again, with the same cursor`() throws {
        let server = ScriptedServer([
            [.streamHead, .chunk("retry: 1\nid: 7\ndata: a\n\n"), .reset],
            [.answer("503 Service Unavailable", "{}")],
            [.answer("502 Bad Gateway", "<html>", type: "text/html")],
            [.streamHead, .chunk("data: gap\n\n"), .lastChunk],
            [.answer("204 No Content")],
        ])
        let expected = ["connected", "a", "broken", "refused 503 {}", "refused 502 <html>", "connected", "gap", "ended early", "ended"]
        #expect(try steps(source(server)) == expected)
        #expect(cursors(server) == [nil, "7", "7", "7", "7"])
    }

    @Test func `a stream starts after a given id, and a 204 ends it`() throws {
        let server = ScriptedServer([[.answer("204 No Content")]])
        #expect(try steps(source(server, lastEventID: "12")) == ["ended"])
        #expect(cursors(server) == ["12"])
    }

    @Test(arguments: ["400 Bad Request", "401 Unauthorized", "404 Not Found"])
    func `a refusal is final and brings its explanation`(status: String) throws {
        let server = ScriptedServer([[.answer(status, "{\"detail\": \"no\"}", type: "application/problem+json")]])
        #expect(try steps(source(server, retriesFirstContact: true)) == ["throws refused \(status.prefix(3)) {\"detail\": \"no\"}"])
    }

    @Test func `an explanation beyond the limit is done without`() throws {
        var limits = Limits()
        limits.unreadStreamBytes = 10
        for (body, kept) in [("0123456789", "0123456789"), ("0123456789+", "")] {
            let server = ScriptedServer([[.answer("404 Not Found", body)]])
            let source = EventSource(HTTPRequest(url: server.url), client: try HTTPClient(limits: limits))
            #expect(steps(source) == ["throws refused 404 \(kept)"])
        }
    }

    @Test func `a stream's burst beyond one turn is read whole`() throws {
        let line = String(repeating: "x", count: 100_000)
        let chunks = (1...100).map { ScriptedServer.Step.chunk("id: \($0)\ndata: \(line)\n\n") }
        let source = try source(ScriptedServer([[.streamHead] + chunks + [.chunk("data: [DONE]\n\n"), .lastChunk]]))
        let told = steps(source, limit: 200)
        #expect(told.count == 102)
        #expect(told.dropFirst().dropLast().allSatisfy { $0 == line })
        #expect(told.last == "ended")
    }

    @Test func `a stream of a deleted run ends with the refusal`() throws {
        let server = ScriptedServer([
            [.streamHead, .chunk("retry: 1\nid: 1\ndata: a\n\n"), .lastChunk], [.answer("404 Not Found", "gone")],
        ])
        #expect(try steps(source(server)) == ["connected", "a", "ended early", "throws refused 404 gone"])
    }

    @Test func `what is no event stream is not read as one`() throws {
        let server = ScriptedServer([[.answer("200 OK", "<html>", type: "text/html")]])
        #expect(try steps(source(server)) == ["throws bad response"])
    }

    @Test func `silence counts as a dead connection`() throws {
        let server = ScriptedServer([
            [.streamHead, .chunk("retry: 1\nid: 1\ndata: a\n\n"), .holdUntilClosed],
            [.holdUntilClosed],
            [.streamHead, .chunk("id: 2\ndata: [DONE]\n\n"), .lastChunk],
        ])
        #expect(try steps(source(server, stall: .milliseconds(700))) == ["connected", "a", "timeout", "timeout", "connected", "ended"])
        #expect(cursors(server) == [nil, "1", "1"])
    }

    @Test func `a server that was never there is given up at once`() throws {
        #expect(try steps(source(ScriptedServer([]))) == ["throws unreachable"])
    }

    @Test func `a server that has gone is given up after the time allowed`() throws {
        let server = ScriptedServer([[.streamHead, .chunk("retry: 1\nid: 1\ndata: a\n\n"), .reset]])
        let start = ContinuousClock.now
        let told = try steps(source(server, giveUpAfter: .seconds(2)))
        #expect(Array(told.prefix(4)) == ["connected", "a", "broken", "unreachable"])
        #expect(told.last == "throws unreachable")
        #expect(start.duration(to: .now) >= .seconds(2))
    }

    @Test func `without time allowed nothing is tried again`() throws {
        let server = ScriptedServer([[.streamHead, .chunk("id: 1\ndata: a\n\n"), .lastChunk]])
        #expect(try steps(source(server, giveUpAfter: .zero)) == ["connected", "a", "throws broken"])
    }

    @Test func `an answer that only ever ends early is given up, too`() throws {
        let ending: [ScriptedServer.Step] = [.streamHead, .chunk("retry: 1\n: hello\n"), .lastChunk]
        let told = try steps(source(ScriptedServer(Array(repeating: ending, count: 50)), giveUpAfter: .milliseconds(600)))
        #expect(told.last == "throws broken")
    }
}
