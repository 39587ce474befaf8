import API
import Foundation
import Jobs
import Locking
import Storage
import Testing

@Suite struct SubmitTests {
    @Test func `a submit answers 202 with where to look`() throws {
        let api = try TestAPI()
        let answer = try api.call("POST", "/api/v1/runs", body: #"{"prompt": "Analyze quarterly sales data"}"#)
        #expect(answer.status == 202)
        let id = try #require(answer.json["job_id"] as? String)
        #expect(id.wholeMatch(of: /run_[0-9a-f]{12}/) != nil)
        let base = "http://127.0.0.1:\(api.port)/api/v1/runs/\(id)"
        #expect(
            answer.body
                == #"{"job_id": "\#(id)", "status": "queued", "created_at": "2023-11-14T22:13:20.000000Z", "#
                + #""poll_url": "\#(base)", "stream_url": "\#(base)/stream"}"#
        )
        #expect(answer["Location"] == base)
        #expect(answer["Retry-After"] == "2")
        #expect(answer["Content-Type"] == "application/json")
        #expect(api.executor.created.withLock { $0.map(\.description) } == [id])
    }

    @Test func `what was submitted reaches the runner token for token`() throws {
        let api = try TestAPI()
        let job = try api.submit(
            #"{"prompt":"p\u00e9","agent_yaml":"a: 1","framework":"x","config":{"n":1.50,"b":[1e5,"\u00e9"]},"recipe_config":{ },"#
                + #""session_id":"s","timeout":60,"max_attempts":3,"webhook_url":"https://hook.example/x?y=1","unknown":{"deep":[1]}}"#)
        let work = try #require(job.work)
        #expect(work.prompt == "pé")
        #expect(work.agentYAML == "a: 1")
        #expect(work.framework == "x")
        #expect(work.config == #"{"n": 1.50, "b": [1e5, "\u00e9"]}"#)
        #expect(work.recipeConfig == "{}")
        #expect(job.spec.sessionID == "s")
        #expect(job.spec.timeoutSeconds == 60)
        #expect(job.spec.maxAttempts == 3)
        #expect(job.spec.webhookURL == "https://hook.example/x?y=1")
    }

    @Test(arguments: [
        (#"{"prompt": "x", "timeout": 0}"#, 3600), (#"{"prompt": "x", "timeout": null}"#, 3600), (#"{"prompt": "x"}"#, 3600),
        (#"{"prompt": "x", "timeout": 60.0}"#, 60), (#"{"prompt": "x", "timeout": 2592000}"#, 2_592_000),
        (#"{"prompt": "x", "timeout": 1}"#, 1),
    ])
    func `a timeout of 0 or none is the default`(body: String, timeout: Int) throws {
        #expect(try TestAPI().submit(body).spec.timeoutSeconds == timeout)
    }

    @Test(arguments: [
        ("[]", [""]), ("7", [""]), ("null", [""]), ("{}", ["/prompt"]), (#"{"prompt": null}"#, ["/prompt"]),
        (#"{"prompt": ""}"#, ["/prompt"]),
        (#"{"prompt": " \n\t\u00a0"}"#, ["/prompt"]), (#"{"prompt": "a\u0000b"}"#, ["/prompt"]), (#"{"prompt": 7}"#, ["/prompt"]),
        (#"{"prompt": "x", "timeout": -1}"#, ["/timeout"]), (#"{"prompt": "x", "timeout": 2592001}"#, ["/timeout"]),
        (#"{"prompt": "x", "timeout": "60"}"#, ["/timeout"]), (#"{"prompt": "x", "timeout": 1.5}"#, ["/timeout"]),
        (#"{"prompt": "x", "max_attempts": 0}"#, ["/max_attempts"]), (#"{"prompt": "x", "max_attempts": 21}"#, ["/max_attempts"]),
        (#"{"prompt": "x", "config": []}"#, ["/config"]), (#"{"prompt": "x", "recipe_config": "{}"}"#, ["/recipe_config"]),
        (#"{"prompt": "x", "agent_yaml": {}}"#, ["/agent_yaml"]), (#"{"prompt": "x", "framework": 1}"#, ["/framework"]),
        (#"{"prompt": "x", "session_id": 5}"#, ["/session_id"]), (#"{"prompt": "x", "session_id": "a\u0000"}"#, ["/session_id"]),
        (#"{"prompt": "x", "webhook_url": "ftp://x"}"#, ["/webhook_url"]),
        (#"{"prompt": "x", "webhook_url": "http://"}"#, ["/webhook_url"]),
        (#"{"prompt": "x", "webhook_url": "http://a b"}"#, ["/webhook_url"]), (#"{"prompt": "x", "webhook_url": "x"}"#, ["/webhook_url"]),
        (#"{"prompt": "x", "idempotency_scope": "all"}"#, ["/idempotency_scope"]),
        (#"{"prompt": "x", "idempotency_scope": "session", "idempotency_key": "k"}"#, ["/session_id"]),
        (#"{"prompt": "x", "idempotency_key": 1}"#, ["/idempotency_key"]), (#"{"prompt": "x", "recipe_name": "nope"}"#, ["/recipe_name"]),
        (#"{"prompt": "", "timeout": "x", "config": 1}"#, ["/prompt", "/config", "/timeout"]),
    ])
    func `an invalid body is 422 and names every member`(body: String, pointers: [String]) throws {
        let api = try TestAPI()
        let answer = try api.call("POST", "/api/v1/runs", body: body)
        #expect(answer.status == 422)
        #expect(answer["Content-Type"] == "application/problem+json")
        #expect(Set(answer.pointers) == Set(pointers))
        #expect(try api.call("GET", "/api/v1/runs").json["total"] as? Int == 0)
    }

    @Test(arguments: [
        "", "{", "{}x", #"{"prompt": "\ud800"}"#, "\u{0}", "prompt=x",
        String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
    ])
    func `a body that is no JSON is 400`(body: String) throws {
        let answer = try TestAPI().call("POST", "/api/v1/runs", body: body)
        #expect(answer.status == 400)
        #expect(!answer.detail.isEmpty)
    }

    @Test func `a body that is no UTF-8 is 400`() throws {
        let answer = try TestAPI().callBytes("POST", "/api/v1/runs", body: Array(#"{"prompt": ""#.utf8) + [0xFF] + Array(#""}"#.utf8))
        #expect(answer.status == 400)
        #expect(answer.detail.contains("UTF-8"))
    }

    @Test(arguments: [
        (255, 202), (256, 422),
    ])
    func `an idempotency key has at most 255 bytes`(length: Int, status: Int) throws {
        let api = try TestAPI()
        let key = String(repeating: "k", count: length)
        #expect(try api.call("POST", "/api/v1/runs", ["Idempotency-Key": key], body: #"{"prompt": "x"}"#).status == status)
        #expect(try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x", "idempotency_key": "\#(key)"}"#).status == status)
    }

    @Test(arguments: [
        ("session_id", "", 1024), ("webhook_url", "http://h/", 2048),
    ])
    func `texts have their limits`(member: String, prefix: String, limit: Int) throws {
        let api = try TestAPI()
        for (length, status) in [(limit, 202), (limit + 1, 422)] {
            let text = prefix + String(repeating: "x", count: length - prefix.utf8.count)
            let answer = try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x", "\#(member)": "\#(text)"}"#)
            #expect(answer.status == status)
            if status == 422 { #expect(answer.detail.contains("\(limit) bytes")) }
        }
    }

    @Test func `a run whose client has gone before the answer is kept`() throws {
        let api = try TestAPI()
        for _ in 0..<20 {
            let client = try RawClient(port: api.port)
            client.send(api.request("POST", "/api/v1/runs", bodyCount: 15) + #"{"prompt": "x"}"#)
        }
        // Every submit that the loop had read is answered or dropped by now, and the server goes on.
        let last = try api.submit()
        #expect(try api.call("GET", "/api/v1/runs/\(last.id)").status == 200)
        #expect(try api.call("GET", "/api/v1/runs").json["total"] as? Int ?? 0 >= 1)
    }

    @Test func `a known key answers with the run that it started, whatever the new body says`() throws {
        let api = try TestAPI()
        func submit(_ key: String?, _ body: String) throws -> String {
            let answer = try api.call("POST", "/api/v1/runs", ["Idempotency-Key": key], body: body)
            guard answer.status == 202, let id = answer.json["job_id"] as? String else { throw Unexpected(answer: answer) }
            return id
        }
        let first = try submit("\"a key\"", #"{"prompt": "x"}"#)
        #expect(try submit("a key", #"{"prompt": "other"}"#) == first)
        #expect(try submit(nil, #"{"prompt": "x", "idempotency_key": "a key", "idempotency_scope": "none"}"#) == first)
        #expect(try submit(nil, #"{"prompt": "x", "idempotency_key": "a key", "idempotency_scope": "global", "session_id": "s"}"#) == first)
        let inSession = try submit(nil, #"{"prompt": "x", "idempotency_key": "a key", "idempotency_scope": "session", "session_id": "s"}"#)
        #expect(inSession != first)
        #expect(try submit("a key", #"{"prompt": "x", "idempotency_scope": "session", "session_id": "s"}"#) == inSession)
        #expect(try submit("a key", #"{"prompt": "x", "idempotency_scope": "session", "session_id": "t"}"#) != inSession)
        #expect(try submit("\"\"", #"{"prompt": "x"}"#) != submit("", #"{"prompt": "x"}"#))
        // The request is validated first.
        #expect(try api.call("POST", "/api/v1/runs", ["Idempotency-Key": "a key"], body: "{}").status == 422)
    }

    @Test func `concurrent submits with one key make one run`() throws {
        let api = try TestAPI()
        let ids = Lock<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 50) { _ in
            let answer = try? api.call("POST", "/api/v1/runs", ["Idempotency-Key": "k"], body: #"{"prompt": "x"}"#)
            ids.withLock { $0.append(answer?.json["job_id"] as? String ?? "none") }
        }
        #expect(ids.withLock { $0.count } == 50)
        #expect(Set(ids.withLock { $0 }).count == 1)
        #expect(try api.call("GET", "/api/v1/runs").json["total"] as? Int == 1)
    }

    @Test func `a full queue is 503 and keeps nothing, but a known key is answered`() throws {
        let api = try TestAPI(.init(maxQueued: 1))
        let body = #"{"prompt": "x", "idempotency_key": "k"}"#
        let first = try api.call("POST", "/api/v1/runs", body: body)
        #expect(first.status == 202)
        let full = try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x", "idempotency_key": "other"}"#)
        #expect(full.status == 503)
        #expect(full["Retry-After"] != nil)
        #expect(try api.call("GET", "/api/v1/runs").json["total"] as? Int == 1)
        #expect(try api.call("POST", "/api/v1/runs", body: body).json["job_id"] as? String == first.json["job_id"] as? String)
    }

    @Test func `a server on its way out takes no submits`() throws {
        let api = try TestAPI()
        api.state.drain()
        #expect(try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x"}"#).status == 503)
        #expect(try api.call("POST", "/api/v1/runs", body: "{}").status == 422)
    }

    @Test func `a store that fails is 503, and nothing of the run is left`() throws {
        let store = FailingStore()
        let api = try TestAPI(.init(store: store))
        store.fails.withLock { $0 = true }
        #expect(try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x"}"#).status == 503)
        #expect(try api.call("GET", "/ready").status == 503)
        store.fails.withLock { $0 = false }
        #expect(try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x"}"#).status == 202)
        #expect(try api.call("GET", "/ready").status == 200)
        #expect(try api.call("GET", "/api/v1/runs").json["total"] as? Int == 1)
    }

    @Test(
        arguments: [
            (nil, 415), ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/json; charset=utf-8", 202),
            ("application/vnd.x+json", 202),
        ] as [(String?, Int)])
    func `only JSON is taken`(type: String?, status: Int) throws {
        let answer = try TestAPI().call("POST", "/api/v1/runs", ["Content-Type": type], body: #"{"prompt": "x"}"#)
        #expect(answer.status == status)
        if status == 415 { #expect(answer.detail.contains("application/json")) }
    }

    @Test func `a run without a recipe needs a runner, and the answer names the flag`() throws {
        let answer = try TestAPI(.init(hasRunner: false)).call("POST", "/api/v1/runs", body: #"{"prompt": "x"}"#)
        #expect(answer.status == 422)
        #expect(answer.detail.contains("--runner"))
        let recipe = try TestAPI().call("POST", "/api/v1/runs", body: #"{"prompt": "x", "recipe_name": "r"}"#)
        #expect(recipe.status == 422)
        #expect(recipe.detail.contains("--recipes"))
    }

    @Test func `recipes are chosen by name, and an unknown one is told the known ones`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("analyze-csv", "#!/bin/sh\n", mode: 0o755)
        let api = try TestAPI(.init(recipes: directory.path, hasRunner: false))
        let job = try api.submit(#"{"prompt": "x", "recipe_name": "analyze-csv", "recipe_config": {"file": "a.csv"}}"#)
        #expect(job.work?.recipeName == "analyze-csv")
        let unknown = try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x", "recipe_name": "nope"}"#)
        #expect(unknown.status == 422)
        #expect(unknown.detail.contains("analyze-csv"))
    }

    @Test func `an agent file must be a file under the root`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("agents/a.yaml", "x")
        try directory.write("outside.yaml", "x")
        try FileManager.default.createSymbolicLink(atPath: "\(directory.path)/agents/link", withDestinationPath: "../outside.yaml")
        let api = try TestAPI(.init(agentRoot: "\(directory.path)/agents"))
        func submit(_ name: String) throws -> Answer {
            try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x", "agent_file": "\#(name)"}"#)
        }
        let taken = try submit("a.yaml")
        #expect(taken.status == 202)
        let id = try #require((taken.json["job_id"] as? String).flatMap { JobID($0) })
        #expect(api.registry.find(id)?.work?.agentFile?.hasSuffix("/agents/a.yaml") == true)
        #expect(try submit("\(directory.path)/agents/a.yaml").status == 202)
        for name in ["b.yaml", "../outside.yaml", "link", ".", "/etc/passwd", "a.yaml/"] {
            #expect(try submit(name).status == 400, "\(name)")
        }
        let refused = try TestAPI().call("POST", "/api/v1/runs", body: #"{"prompt": "x", "agent_file": "a.yaml"}"#)
        #expect(refused.status == 400)
        #expect(refused.detail.contains("--agent-root"))
    }
}
