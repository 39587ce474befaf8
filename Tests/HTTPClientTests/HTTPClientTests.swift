import ClientTestSupport
import HTTPClient
import Testing

struct HTTPClientTests {
    @Test func `a request arrives with its method, headers and body, and its answer comes back whole`() throws {
        let server = ScriptedServer([[.answer("202 Accepted", "{\"job_id\": \"run_1\"}", headers: "Retry-After:  2 \r\n")]])
        let response = try HTTPClient().send(
            HTTPRequest(
                method: "POST", url: server.url + "/api/v1/runs",
                headers: [HTTPHeader("Content-Type", "application/json"), HTTPHeader("X-API-Key", "k")],
                body: Array("{\"prompt\": \"hi\"}".utf8)))
        #expect(response.status == 202)
        #expect(response.header("retry-after") == "2")
        #expect(String(decoding: response.body, as: UTF8.self) == "{\"job_id\": \"run_1\"}")
        let request = server.requests.first ?? ""
        #expect(request.hasPrefix("POST /api/v1/runs HTTP/1.1\r\n"))
        #expect(request.contains("\r\nContent-Type: application/json\r\n"))
        #expect(request.contains("\r\nX-API-Key: k\r\n"))
        #expect(!request.contains("Expect:"))
        #expect(request.hasSuffix("\r\n\r\n{\"prompt\": \"hi\"}"))
    }

    @Test(arguments: ["POST", "DELETE", "HEAD", "GET"])
    func `a request without a body has none`(method: String) throws {
        let server = ScriptedServer([[.answer("204 No Content")]])
        #expect(try HTTPClient().send(HTTPRequest(method: method, url: server.url)).status == 204)
        #expect(server.requests.first?.hasPrefix("\(method) / HTTP/1.1\r\n") == true)
        #expect(server.requests.first?.hasSuffix("\r\n\r\n") == true)
    }

    @Test func `an empty body is a body`() throws {
        let server = ScriptedServer([[.answer("200 OK", "ok")]])
        _ = try HTTPClient().send(HTTPRequest(method: "POST", url: server.url, body: []))
        #expect(server.requests.first?.contains("Content-Length: 0\r\n") == true)
        #expect(server.requests.first?.contains("Content-Type") == false)
    }

    @Test func `an interim answer is not the answer, and redirects are not followed`() throws {
        let server = ScriptedServer([
            [.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), .answer("301 Moved Permanently", headers: "Location: /b\r\n")]
        ])
        let response = try HTTPClient().send(HTTPRequest(url: server.url))
        #expect(response.status == 301)
        #expect(response.header("Link") == nil)
        #expect(response.header("Location") == "/b")
    }

    private func error(_ url: String, timeouts: HTTPClient.Timeouts = .init(), limits: Limits = .init()) throws -> HTTPError? {
        let client = try HTTPClient(timeouts: timeouts, limits: limits)
        do throws(HTTPError) {
            _ = try client.send(HTTPRequest(url: url))
            return nil
        } catch {
            return error
        }
    }

    @Test func `each way to fail has its own error`() throws {
        guard case .unreachable = try error(ScriptedServer([]).url) else { return #expect(Bool(false), "a closed port") }
        guard case .unreachable = try error("http://no-such-host.invalid/") else { return #expect(Bool(false), "an unknown name") }
        guard case .badURL = try error("ftp://127.0.0.1/") else { return #expect(Bool(false), "a protocol that is not ours") }
        guard case .broken = try error(ScriptedServer([[]]).url) else { return #expect(Bool(false), "closed without an answer") }
        guard
            case .tls = try error(
                ScriptedServer([[.withoutRequest, .send("HTTP/1.1 400 Bad Request\r\n\r\n")]]).url.replacing("http:", with: "https:"))
        else {
            return #expect(Bool(false), "no TLS on the other side")
        }
        let cut = ScriptedServer([[.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")]])
        guard case .broken = try error(cut.url) else { return #expect(Bool(false), "a body cut off") }
        guard case .badResponse = try error(ScriptedServer([[.send("SSH-2.0-OpenSSH_9.2\r\n")]]).url) else {
            return #expect(Bool(false), "not HTTP")
        }
    }

    @Test func `an answer that does not come in time is given up`() throws {
        let server = ScriptedServer([[.send("HTTP/1.1 200 OK\r\n"), .holdUntilClosed]])
        guard case .timeout = try error(server.url, timeouts: .init(total: .milliseconds(100))) else { return #expect(Bool(false)) }
    }

    @Test func `a body beyond the limit is refused`() throws {
        var limits = Limits()
        limits.responseBodyBytes = 4
        #expect(try error(ScriptedServer([[.answer("200 OK", "four")]]).url, limits: limits) == nil)
        #expect(try error(ScriptedServer([[.answer("200 OK", "fives")]]).url, limits: limits) == .tooLarge(limitBytes: 4))
    }

    @Test(arguments: [
        ("http://127.0.0.1:8005", true), ("http://localhost/x", true), ("https://LOCALHOST:1/", true), ("http://[::1]:8005/a", true),
        ("http://127.1.2.3", true), ("http://u:p@127.0.0.1/", true), ("http://127.0.0.1.example.com", false), ("http://10.0.0.1", false),
        ("http://example.com/127.0.0.1", false), ("http://[::2]", false), ("nonsense", false),
    ])
    func `this machine is known by its address`(url: String, expected: Bool) {
        #expect(LoopbackHost.isIn(url: url) == expected)
    }
}
