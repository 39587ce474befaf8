import API
import Jobs
import Testing

/// Each row fails one check and every later one; the earlier check decides.
@Suite struct OrderOfChecksTests {
    private static let wrongHost = "evil.example"
    private static let foreign = "http://foreign.example"

    @Test func `the form of the head comes first`() throws {
        let api = try TestAPI()
        let answer = try api.call("GET", "/nowhere", ["Host": Self.wrongHost, "Bad Name": "x"])
        #expect(answer.status == 400)
        #expect(answer["Content-Type"] == "application/problem+json")
        #expect(answer["Connection"] == "close")
        let client = try RawClient(port: api.port)
        client.send(api.request("POST", "/nowhere", ["Host": Self.wrongHost, "Transfer-Encoding": "gzip"]))
        let chunked = try Answer(client)
        #expect(chunked.status == 501)
        #expect(chunked["Connection"] == "close")
    }

    @Test func `then Host, without a key`() throws {
        let api = try TestAPI()
        let answer = try api.call("PATCH", "/nowhere", ["Host": Self.wrongHost, "Origin": Self.foreign, "Accept": "no/thing"])
        #expect(answer.status == 421)
        #expect(answer["Connection"] == "close")
        #expect(answer.detail.contains("--allowed-hosts"))
        #expect(try api.call("OPTIONS", "/api/v1/runs", ["Host": Self.wrongHost]).status == 421)
        for probe in ["/health", "/ready"] { #expect(try api.call("GET", probe, ["Host": Self.wrongHost]).status == 200) }
        #expect(try api.call("GET", "/api/v1/runs", ["Host": "localhost"]).status == 200)
        #expect(try TestAPI(.init(allowedHosts: ["evil.example"])).call("GET", "/api/v1/runs", ["Host": Self.wrongHost]).status == 200)
    }

    @Test func `then the key, by any name`() throws {
        let api = try TestAPI(.init(apiKey: "secret"))
        for path in ["/nowhere", "/api/v1/runs", "/stats", "/metrics", "/openapi.json", "/api/v1/runs/run_000000000000/stream"] {
            let answer = try api.call("GET", path, ["Host": Self.wrongHost])
            #expect(answer.status == 401)
            #expect(answer["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
            #expect(answer.json["error"] is String)
        }
        #expect(try api.call("PATCH", "/api/v1/runs", ["Origin": Self.foreign]).status == 401)
        #expect(try api.call("GET", "/api/v1/runs", ["Authorization": "Bearer wrong"]).status == 401)
        #expect(try api.call("GET", "/api/v1/runs", ["Authorization": "Bearer secret", "Host": Self.wrongHost]).status == 200)
        #expect(try api.call("GET", "/api/v1/runs", ["X-API-Key": "secret"]).status == 200)
        for probe in ["/health", "/ready"] { #expect(try api.call("GET", probe).status == 200) }
        #expect(try api.call("OPTIONS", "/api/v1/runs").status == 204)
    }

    @Test(arguments: [
        "/nowhere", "/", "/api/v1/runs/", "//api/v1/runs", "/api/v1/runs%00", "/api/v1/runs/run_000000000000/nothing", "/API/V1/RUNS",
    ])
    func `then the route`(path: String) throws {
        let api = try TestAPI()
        #expect(try api.call("POST", path, ["Origin": Self.foreign, "Accept": "no/thing"]).status == 404)
        #expect(try api.call("OPTIONS", path).status == 404)
    }

    @Test(arguments: [
        ("PUT", "/api/v1/runs", "POST, GET, HEAD, OPTIONS"), ("PATCH", "/api/v1/runs/run_000000000000", "GET, DELETE, HEAD, OPTIONS"),
        ("POST", "/api/v1/runs/run_000000000000/stream", "GET, HEAD, OPTIONS"),
        ("GET", "/api/v1/runs/run_000000000000/cancel", "POST, OPTIONS"),
        ("DELETE", "/health", "GET, HEAD, OPTIONS"), ("POST", "/metrics", "GET, HEAD, OPTIONS"),
    ])
    func `then the method, and Allow tells the others`(method: String, path: String, allow: String) throws {
        let api = try TestAPI()
        let answer = try api.call(method, path, ["Origin": Self.foreign, "Accept": "no/thing"])
        #expect(answer.status == 405)
        #expect(answer["Allow"] == allow)
        let options = try api.call("OPTIONS", path)
        #expect(options.status == 204)
        #expect(options["Allow"] == allow)
    }

    @Test func `then the origin of what changes something`() throws {
        let api = try TestAPI(.init(corsOrigins: ["*"]))
        for (method, path) in [
            ("POST", ""), ("POST", "/run_000000000000/cancel"), ("DELETE", "/run_000000000000"), ("POST", "/run_000000000000/token"),
        ] {
            for origin in [Self.foreign, "null", ""] {
                #expect(try api.call(method, "/api/v1/runs\(path)", ["Origin": origin, "Accept": "no/thing"], body: "").status == 403)
            }
        }
        #expect(try api.call("GET", "/api/v1/runs", ["Origin": Self.foreign]).status == 200)
        let own = ["Origin": "https://127.0.0.1:\(api.port)"]
        #expect(try api.call("POST", "/api/v1/runs", own, body: #"{"prompt": "x"}"#).status == 202)
    }

    @Test func `then Accept and Content-Type`() throws {
        let api = try TestAPI()
        let unknown = "/api/v1/runs/run_000000000000"
        for path in ["", "/result", "/stream"] { #expect(try api.call("GET", unknown + path, ["Accept": "image/png"]).status == 406) }
        #expect(try api.call("GET", "\(unknown)/stream", ["Accept": "application/json"]).status == 406)
        #expect(try api.call("POST", "/api/v1/runs", ["Accept": "text/html", "Content-Type": "text/plain"], body: "x").status == 406)
        #expect(try api.call("POST", "/api/v1/runs", ["Content-Type": "text/plain"], body: "x").status == 415)
        #expect(try api.call("POST", "\(unknown)/token", ["Content-Type": "text/plain"], body: "x").status == 415)
        #expect(try api.call("GET", "/health", ["Accept": "image/png"]).status == 200)
    }

    @Test func `then the run, then the body, then the state`() throws {
        var options = TestAPI.Options()
        options.limits.maxBodyBytes = 100
        let api = try TestAPI(options)
        let large = #"{"expires_in": "\#(String(repeating: "x", count: 200))"}"#
        let unknown = "/api/v1/runs/run_000000000000"
        #expect(try api.call("POST", "\(unknown)/token", body: large).status == 404)
        #expect(try api.call("POST", "\(unknown)/token", body: "{").status == 404)
        #expect(try api.call("POST", "\(unknown)/cancel", body: large).status == 404)
        let job = try api.finished()
        let tooLarge = try api.call("POST", "/api/v1/runs/\(job.id)/cancel", body: large)
        #expect(tooLarge.status == 413)
        #expect(tooLarge["Connection"] == "close")
        #expect(tooLarge.detail.contains("100 bytes"))
        #expect(try api.call("POST", "/api/v1/runs/\(job.id)/token", body: large).status == 413)
        #expect(try api.call("POST", "/api/v1/runs", body: large).status == 413)
        #expect(try api.call("POST", "/api/v1/runs/\(job.id)/cancel", body: "{}").status == 409)
        #expect(try api.call("POST", "/api/v1/runs", ["X-API-Key": "x", "Content-Type": "text/plain"], body: large).status == 415)
        #expect(try api.call("GET", "/api/v1/runs/\(job.id)/stream?from=later", ["Accept": "text/event-stream"]).status == 400)
        #expect(try api.call("GET", "\(unknown)/stream?from=later").status == 404)
    }

    @Test func `HTTP 1.0 without a Host is served, and gets the server's own name in URLs`() throws {
        let api = try TestAPI()
        let client = try RawClient(port: api.port)
        client.send("POST /api/v1/runs HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"prompt\": \"x\"}")
        let answer = try Answer(client)
        #expect(answer.status == 202)
        #expect(answer["Location"]?.hasPrefix("http://127.0.0.1:8005/api/v1/runs/run_") == true)
    }
}
