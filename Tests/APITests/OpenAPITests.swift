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
