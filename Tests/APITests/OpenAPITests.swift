import Foundation
import Testing

@Suite struct OpenAPITests {
    /// The calls as the document has them: `GET /health`.
    private func documented(_ document: [String: Any]) throws -> Set<String> {
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        return Set(paths.flatMap { path, item in item.keys.filter { $0 != "parameters" }.map { "\($0.uppercased()) \(path)" } })
    }

    @Test func `the document is JSON, and describes every call that there is`() throws {
        let api = try TestAPI()
        let answer = try api.call("GET", "/openapi.json")
        #expect(answer.json["openapi"] as? String == "3.1.0")
        for call in try documented(answer.json) {
            let words = call.split(separator: " ")
            let path = words[1].replacingOccurrences(of: "{id}", with: "run_000000000000")
            let allow = try #require(try api.call("OPTIONS", path)["Allow"]).components(separatedBy: ", ")
            #expect(allow.contains(String(words[0])))
        }
        #expect(try documented(answer.json).count == 13)
    }

    @Test func `what is answered has the members that the document requires`() throws {
        let api = try TestAPI()
        let document = try api.call("GET", "/openapi.json").json
        let schemas = try #require((document["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]])
        let job = try api.finished()
        let path = "/api/v1/runs/\(job.id)"
        for (schema, answer) in [
            ("RunStatus", try api.call("GET", path)), ("RunResult", try api.call("GET", "\(path)/result")),
            ("RunList", try api.call("GET", "/api/v1/runs")), ("Token", try api.call("POST", "\(path)/token")),
            ("SubmitResponse", try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x"}"#)), ("Health", try api.call("GET", "/health")),
            ("Stats", try api.call("GET", "/stats")), ("Problem", try api.call("GET", "/nowhere")),
        ] {
            let required = try #require(schemas[schema]?["required"] as? [String])
            let known = try #require(schemas[schema]?["properties"] as? [String: Any])
            #expect(Set(answer.json.keys).isSuperset(of: required), "\(schema)")
            #expect(Set(answer.json.keys).isSubset(of: known.keys), "\(schema)")
        }
    }

    @Test func `no call that is not a GET may be made from a foreign page, and none takes a body that is not JSON`() throws {
        let api = try TestAPI()
        let document = try api.call("GET", "/openapi.json").json
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        for call in try documented(document) {
            let words = call.split(separator: " ").map(String.init)
            let path = words[1].replacingOccurrences(of: "{id}", with: "run_000000000000")
            let foreign = try api.call(words[0], path, ["Origin": "https://evil.example"])
            #expect((foreign.status == 403) == (words[0] != "GET"), "\(call)")
            let operation = try #require(paths[words[1]]?[words[0].lowercased()] as? [String: Any])
            let text = try api.call(words[0], path, ["Content-Type": "text/plain"], body: "x")
            #expect((text.status == 415) == (operation["requestBody"] != nil), "\(call)")
        }
    }

    @Test func `a token opens what the document says, and nobody without a key more than the probes`() throws {
        let api = try TestAPI(.init(apiKey: "secret"))
        let key = ["X-API-Key": "secret"]
        let document = try api.call("GET", "/openapi.json", key).json
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let run = try #require(try api.call("POST", "/api/v1/runs", key, body: #"{"prompt": "x"}"#).json["job_id"] as? String)
        let token = try #require(try api.call("POST", "/api/v1/runs/\(run)/token", key).json["token"] as? String)
        // HEAD, since the run's stream goes on.
        for call in try documented(document) {
            let words = call.split(separator: " ").map(String.init)
            let method = words[0] == "GET" ? "HEAD" : words[0]
            let path = words[1].replacingOccurrences(of: "{id}", with: run)
            let operation = try #require(paths[words[1]]?[words[0].lowercased()] as? [String: Any])
            let security = operation["security"] as? [[String: Any]]
            let isOpen = security?.count == 1
            #expect((try api.call(method, path).status == 401) == !isOpen, "\(call)")
            let opens = security?.contains { $0["runToken"] != nil } == true
            #expect((try api.call(method, "\(path)?token=\(token)").status == 401) == !(opens || isOpen), "\(call)")
        }
    }

    @Test(arguments: [("Host", "evil.example"), ("Accept", "image/png")])
    func `a refusal of any call is one that the document names`(header: (name: String, value: String)) throws {
        let api = try TestAPI()
        let document = try api.call("GET", "/openapi.json").json
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        for call in try documented(document) {
            let words = call.split(separator: " ").map(String.init)
            let path = words[1].replacingOccurrences(of: "{id}", with: "run_000000000000")
            let status = try api.call(words[0], path, [header.name: header.value]).status
            let responses = (paths[words[1]]?[words[0].lowercased()] as? [String: Any])?["responses"] as? [String: Any]
            #expect(responses?[String(status)] != nil, "\(call) answers \(status)")
        }
    }

    @Test(.enabled(if: validator(["--version"]) == 0, "openapi-spec-validator is not installed (pip install openapi-spec-validator)"))
    func `a validator of OpenAPI takes the document`() throws {
        let directory = try TemporaryDirectory()
        let document = try TestAPI().call("GET", "/openapi.json").body
        try directory.write("openapi.json", document)
        #expect(Self.validator(["\(directory.path)/openapi.json"]) == 0)
        try directory.write("broken.json", document.replacingOccurrences(of: "\"responses\": {", with: "\"responces\": {"))
        #expect(Self.validator(["\(directory.path)/broken.json"]) != 0)
    }

    /// The exit status of Python's validator; nil when it cannot be run.
    private static func validator(_ arguments: [String]) -> Int32? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-m", "openapi_spec_validator"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        process.waitUntilExit()
        return process.terminationStatus
    }
}
