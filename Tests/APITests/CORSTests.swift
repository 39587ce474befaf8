import Testing

@Suite struct CORSTests {
    private let page = "https://page.example"

    @Test func `a listed page may read every answer, errors included`() throws {
        let api = try TestAPI(.init(apiKey: "secret", corsOrigins: [page]))
        for path in ["/api/v1/runs", "/nowhere", "/health"] {
            let answer = try api.call("GET", path, ["Origin": page])
            #expect(answer["Access-Control-Allow-Origin"] == page)
            #expect(answer["Access-Control-Allow-Credentials"] == "true")
            #expect(answer["Vary"] == "Origin")
        }
        let foreign = try api.call("GET", "/health", ["Origin": "https://other.example"])
        #expect(foreign["Access-Control-Allow-Origin"] == nil)
        #expect(foreign["Vary"] == "Origin")
        #expect(foreign["Access-Control-Allow-Credentials"] == nil)
    }

    @Test func `a preflight of a listed page is told what it may send`() throws {
        let api = try TestAPI(.init(apiKey: "secret", corsOrigins: [page]))
        let answer = try api.call(
            "OPTIONS", "/api/v1/runs",
            ["Origin": page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"])
        #expect(answer.status == 204)
        #expect(answer["Access-Control-Allow-Origin"] == page)
        #expect(answer["Access-Control-Allow-Methods"]?.contains("POST") == true)
        #expect(answer["Access-Control-Allow-Headers"] == "authorization, content-type")
        #expect(answer["Access-Control-Allow-Credentials"] == "true")
        let vary = answer.headers.filter { $0.name == "vary" }.map(\.value)
        #expect(vary.sorted() == ["Access-Control-Request-Method, Access-Control-Request-Headers", "Origin"])
    }

    private func allowed(_ api: TestAPI, _ requested: String, method: String = "POST") throws -> String? {
        let headers = ["Origin": page, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": requested]
        return try api.call("OPTIONS", "/api/v1/runs", headers)["Access-Control-Allow-Headers"]
    }

    @Test func `a page does not break when it adds headers for tracing`() throws {
        let listed = try TestAPI(.init(corsOrigins: [page, "*"]))
        let tracing = "baggage, cache-control, prefer, sentry-trace, traceparent, last-event-id"
        #expect(try allowed(listed, tracing) == tracing)
        #expect(try allowed(listed, "a,b ,, c") == "a, b, c")
    }

    @Test(arguments: ["", ",", "a b", "a: b", "(a)", "\u{E9}", String(repeating: "a", count: 2049)])
    func `names that are no tokens, or too long, are not sent back`(requested: String) throws {
        let own = try #require(try allowed(TestAPI(.init(corsOrigins: [page])), requested))
        #expect(own.contains("Authorization") && own.contains("Idempotency-Key") && !own.contains("aaa"))
    }

    @Test func `a star sends no names back and opens nothing to credentials`() throws {
        let star = try TestAPI(.init(corsOrigins: ["*"]))
        #expect(try allowed(star, "traceparent", method: "GET")?.contains("traceparent") == false)
        #expect(try allowed(star, "traceparent", method: "POST") == nil)
        #expect(try star.call("GET", "/api/v1/runs", ["Origin": page])["Access-Control-Allow-Credentials"] == nil)
    }

    @Test(arguments: [
        ("null", 403), ("", 403), ("https://page.example", 403), ("http://runs.example:81", 403), ("http://runs.example", 202),
        ("https://runs.example", 202), ("http://runs.example:80", 202), ("https://runs.example.evil", 403), ("runs.example", 403),
    ])
    func `a call that changes something is refused to every foreign origin`(origin: String, status: Int) throws {
        let api = try TestAPI(.init(allowedHosts: ["runs.example"]))
        let answer = try api.call("POST", "/api/v1/runs", ["Host": "runs.example", "Origin": origin], body: #"{"prompt": "x"}"#)
        #expect(answer.status == status)
    }

    @Test func `a listed page may change things, a star alone may not`() throws {
        let listed = try TestAPI(.init(corsOrigins: [page]))
        #expect(try listed.call("POST", "/api/v1/runs", ["Origin": page], body: #"{"prompt": "x"}"#).status == 202)
        let star = try TestAPI(.init(corsOrigins: ["*"]))
        let refused = try star.call("POST", "/api/v1/runs", ["Origin": page], body: #"{"prompt": "x"}"#)
        #expect(refused.status == 403)
        #expect(refused["Access-Control-Allow-Origin"] == nil)
        #expect(refused.detail.contains("--cors-origins"))
        #expect(try star.call("GET", "/api/v1/runs", ["Origin": page])["Access-Control-Allow-Origin"] == "*")
        let preflight = try star.call("OPTIONS", "/api/v1/runs", ["Origin": page, "Access-Control-Request-Method": "GET"])
        #expect(preflight["Access-Control-Allow-Methods"] == "GET, HEAD")
    }

    @Test func `without a list no page is told anything`() throws {
        let answer = try TestAPI().call("GET", "/health", ["Origin": page])
        #expect(!answer.headers.contains { $0.name.hasPrefix("access-control") || $0.name == "vary" })
    }
}
