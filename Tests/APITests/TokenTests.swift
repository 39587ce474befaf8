import API
import Foundation
import Jobs
import Testing

@Suite struct TokenTests {
    private let key = ["X-API-Key": "secret"]

    private func issue(_ api: TestAPI, _ job: Job, _ body: String? = nil) throws -> String {
        let answer = try api.call("POST", "/api/v1/runs/\(job.id)/token", key, body: body)
        guard answer.status == 201, let token = answer.json["token"] as? String else { throw Unexpected(answer: answer) }
        return token
    }

    /// A finished run behind a key.
    private func setUp(_ options: TestAPI.Options = .init(apiKey: "secret")) throws -> (TestAPI, Job) {
        let api = try TestAPI(options)
        let answer = try api.call("POST", "/api/v1/runs", key, body: #"{"prompt": "x"}"#)
        guard let id = (answer.json["job_id"] as? String).flatMap({ JobID($0) }), let job = api.registry.find(id) else {
            throw Unexpected(answer: answer)
        }
        return (api, job)
    }

    @Test func `a token says where it leads and how long`() throws {
        let (api, job) = try setUp()
        let answer = try api.call("POST", "/api/v1/runs/\(job.id)/token", key)
        #expect(answer.status == 201)
        let token = try #require(answer.json["token"] as? String)
        #expect(answer.json["expires_at"] as? String == "2023-11-14T22:28:20.000000Z")
        #expect(answer.json["stream_url"] as? String == "http://127.0.0.1:\(api.port)/api/v1/runs/\(job.id)/stream?token=\(token)")
        #expect(answer["Cache-Control"] == "no-store")
    }

    @Test func `it opens the GETs of its run alone`() throws {
        let (api, job) = try setUp()
        let other = try api.call("POST", "/api/v1/runs", key, body: #"{"prompt": "y"}"#).json["job_id"] as? String ?? ""
        let token = try issue(api, job)
        let path = "/api/v1/runs/\(job.id)"
        #expect(try api.call("GET", "\(path)?token=\(token)").status == 200)
        #expect(try api.call("HEAD", "\(path)?token=\(token)").status == 200)
        #expect(try api.call("HEAD", "\(path)/stream?token=\(token)").status == 200)
        #expect(try api.call("GET", "\(path)/result?token=\(token)").status == 409)
        #expect(try api.call("GET", "\(path)?token=\(token)", ["X-API-Key": "wrong"]).status == 200)
        for (method, target) in [
            ("GET", "/api/v1/runs/\(other)"), ("GET", "/api/v1/runs"), ("POST", "\(path)/cancel"), ("DELETE", path),
            ("POST", "\(path)/token"),
            ("GET", "/stats"), ("GET", "/nowhere"),
        ] {
            #expect(try api.call(method, "\(target)?token=\(token)").status == 401, "\(method) \(target)")
        }
        #expect(try api.call("GET", "\(path)?token=").status == 401)
        #expect(try api.call("GET", "\(path)?token=\(token)x").status == 401)
    }

    @Test func `it expires`() throws {
        let (api, job) = try setUp()
        let token = try issue(api, job, #"{"expires_in": 60}"#)
        api.advance(.milliseconds(59_999))
        #expect(try api.call("GET", "/api/v1/runs/\(job.id)?token=\(token)").status == 200)
        api.advance(.milliseconds(1))
        let expired = try api.call("GET", "/api/v1/runs/\(job.id)?token=\(token)")
        #expect(expired.status == 401)
        #expect(expired.detail.contains("expired"))
    }

    @Test func `a new API key revokes it`() throws {
        let (api, job) = try setUp()
        let token = try issue(api, job)
        let renewed = try TestAPI(.init(apiKey: "new", store: api.store))
        #expect(try renewed.call("GET", "/api/v1/runs/\(job.id)?token=\(token)").status == 401)
        let same = try TestAPI(.init(apiKey: "secret", store: api.store))
        #expect(try same.call("GET", "/api/v1/runs/run_000000000000?token=\(token)").status == 401)
    }

    @Test(arguments: [
        ("{}", 201), (#"{"expires_in": null}"#, 201), (#"{"expires_in": 1}"#, 201), (#"{"expires_in": 86400}"#, 201),
        (#"{"expires_in": 0}"#, 422), (#"{"expires_in": 86401}"#, 422), (#"{"expires_in": "60"}"#, 422), ("[]", 422), ("{", 400),
    ])
    func `its life is 1 to 86,400 seconds`(body: String, status: Int) throws {
        let (api, job) = try setUp()
        #expect(try api.call("POST", "/api/v1/runs/\(job.id)/token", key, body: body).status == status)
    }

    @Test func `neither a token nor a key is ever logged`() throws {
        let (api, job) = try setUp()
        let token = try issue(api, job)
        #expect(try api.call("GET", "/api/v1/runs/\(job.id)?token=\(token)").status == 200)
        let lines = api.logs.lines.withLock { $0 }
        #expect(lines.contains { $0.contains("path=/api/v1/runs/\(job.id) ") && $0.contains("status=200") && $0.contains("method=GET") })
        #expect(!lines.contains { $0.contains(token) || $0.contains("secret") || $0.contains("?") })
    }
}
