import Testing

@Suite struct CORSTests {
    private let page = "https://page.example"

    @Test func `a listed page may read every answer, errors included`() throws {
        let api = try TestAPI(.init(apiKey: "secret", corsOrigins: [page]))
        for path in ["/api/v1/runs", "/nowhere", "/health"] {
            let answer = try api.call("GET", path, ["Origin": page])
            #expect(answer["Access-Control-Allow-Origin"] == page)
            #expect(answer["Vary"] == "Origin")
        }
        let foreign = try api.call("GET", "/health", ["Origin": "https://other.example"])
        #expect(foreign["Access-Control-Allow-Origin"] == nil)
        #expect(foreign["Vary"] == "Origin")
    }

    @Test func `a preflight of a listed page is told what it may send`() throws {
        let api = try TestAPI(.init(apiKey: "secret", corsOrigins: [page]))
        let answer = try api.call(
            "OPTIONS", "/api/v1/runs",
            ["Origin": page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"])
        #expect(answer.status == 204)
        #expect(answer["Access-Control-Allow-Origin"] == page)
        #expect(answer["Access-Control-Allow-Methods"]?.contains("POST") == true)
        #expect(answer["Access-Control-Allow-Headers"]?.contains("Authorization") == true)
        #expect(answer["Access-Control-Allow-Headers"]?.contains("Idempotency-Key") == true)
        #expect(answer["Access-Control-Allow-Credentials"] == nil)
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
