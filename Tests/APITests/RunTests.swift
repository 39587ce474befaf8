import API
import Foundation
import Jobs
import Testing

@Suite struct RunTests {
    @Test func `a status has all its members at every stage`() throws {
        let api = try TestAPI()
        let job = try api.submit(#"{"prompt": "x", "session_id": "s"}"#)
        let path = "/api/v1/runs/\(job.id)"
        let queued = try api.call("GET", path)
        #expect(queued.status == 200)
        #expect(
            queued.body
                == #"{"job_id": "\#(job.id)", "status": "queued", "progress": "#
                + #"{"percentage": 0, "current_step": "Queued", "steps_completed": 0, "steps_total": null}, "#
                + #""created_at": "2023-11-14T22:13:20.000000Z", "started_at": null, "completed_at": null, "#
                + #""agent_id": null, "run_id": null, "#
                + #""session_id": "s", "error": null, "retry_after": 2, "attempt": 0, "max_attempts": 1}"#)
        #expect(queued["Retry-After"] == "2")
        api.advance(.seconds(1))
        api.start(job)
        let running = try api.call("GET", path)
        #expect(running.json["status"] as? String == "running")
        #expect(running.json["retry_after"] as? Int == 5)
        #expect(running.json["started_at"] as? String == "2023-11-14T22:13:21.000000Z")
        api.finish(job, .failed(error: "No \"luck\""))
        let failed = try api.call("GET", path)
        #expect(failed.json["status"] as? String == "failed")
        #expect(failed.json["error"] as? String == "No \"luck\"")
        #expect(failed["Retry-After"] == nil)
        #expect(failed.json["retry_after"] is NSNull)
    }

    @Test(arguments: ["run_000000000000", "run_", "nonsense", "run_00000000000G", "RUN_000000000000", "run_0000000000001", "%2e%2e"])
    func `an unknown run is 404 everywhere`(id: String) throws {
        let api = try TestAPI()
        for (method, path) in [
            ("GET", ""), ("HEAD", ""), ("GET", "/result"), ("GET", "/stream"), ("POST", "/cancel"), ("DELETE", ""), ("POST", "/token"),
        ] {
            let answer = try api.call(method, "/api/v1/runs/\(id)\(path)")
            #expect(answer.status == 404)
            if method != "HEAD", !id.contains("%") { #expect(answer.detail == "Job not found: \(id)") }
        }
    }

    @Test func `a result is there once the run has ended`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        let path = "/api/v1/runs/\(job.id)/result"
        #expect(try api.call("GET", path).status == 409)
        api.start(job)
        let early = try api.call("GET", path)
        #expect(early.status == 409)
        #expect(early["Retry-After"] == "5")
        #expect(early.detail.contains("running"))
        api.advance(.microseconds(1_500_000))
        api.finish(job, .succeeded(JobResult(json: Array(#"{"mean": 1.50}"#.utf8))))
        let answer = try api.call("GET", path)
        #expect(
            answer.body
                == #"{"job_id": "\#(job.id)", "status": "succeeded", "result": {"mean": 1.50}, "result_url": null, "#
                + #""metrics": {"attempts": 1, "truncated": false}, "created_at": "2023-11-14T22:13:20.000000Z", "#
                + #""started_at": "2023-11-14T22:13:20.000000Z", "completed_at": "2023-11-14T22:13:21.500000Z", "#
                + #""duration_seconds": 1.500000, "error": null}"#
        )
    }

    @Test func `a failed run has a result too, and one without any has null`() throws {
        let api = try TestAPI()
        let failed = try api.call("GET", "/api/v1/runs/\(api.finished(#"{"prompt": "x"}"#, .failed(error: "boom")).id)/result")
        #expect(failed.status == 200)
        #expect(failed.json["error"] as? String == "boom")
        #expect(failed.json["result"] is NSNull)
        let none = try api.call("GET", "/api/v1/runs/\(api.finished().id)/result")
        #expect(none.json["result"] is NSNull)
        let cut = try api.finished(#"{"prompt": "x"}"#, .succeeded(JobResult(json: Array(#""text""#.utf8), isTruncated: true)))
        let truncated = try api.call("GET", "/api/v1/runs/\(cut.id)/result")
        #expect((truncated.json["metrics"] as? [String: Any])?["truncated"] as? Bool == true)
    }

    @Test func `a cancel is terminal at once, and only the first one succeeds`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        api.start(job)
        api.advance(.seconds(2))
        let answer = try api.call("POST", "/api/v1/runs/\(job.id)/cancel")
        #expect(answer.status == 200)
        #expect(answer.json["status"] as? String == "cancelled")
        #expect(answer.json["cancelled_at"] as? String == "2023-11-14T22:13:22.000000Z")
        #expect(answer.json["progress"] != nil)
        #expect(api.executor.cancelled.withLock { $0.map(\.attempt) } == [1])
        let again = try api.call("POST", "/api/v1/runs/\(job.id)/cancel")
        #expect(again.status == 409)
        #expect(again.detail.contains("cancelled"))
        #expect(try api.call("GET", "/api/v1/runs/\(job.id)").json["cancelled_at"] == nil)
        #expect(api.executor.cancelled.withLock { $0.count } == 1)
    }

    @Test func `a queued run is cancelled without an attempt, whatever body comes along`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        #expect(try api.call("POST", "/api/v1/runs/\(job.id)/cancel", ["Content-Type": "text/plain"], body: "nonsense").status == 200)
        #expect(api.executor.cancelled.withLock { $0.map(\.attempt) } == [nil])
    }

    @Test func `of many concurrent cancels one succeeds`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        let statuses = Signal<Int>()
        DispatchQueue.concurrentPerform(iterations: 20) { _ in
            statuses.put((try? api.call("POST", "/api/v1/runs/\(job.id)/cancel").status) ?? 0)
        }
        let all = (0..<20).map { _ in statuses.take() }
        #expect(all.filter { $0 == 200 }.count == 1)
        #expect(all.filter { $0 == 409 }.count == 19)
    }

    @Test func `a cancel that finds another one not yet on disk waits for it, and is 409`() throws {
        let store = FailingStore()
        let api = try TestAPI(.init(store: store))
        let job = try api.submit()
        store.fails.withLock { $0 = true }
        let clients = try (0..<2).map { _ in
            let client = try RawClient(port: api.port)
            client.send(api.request("POST", "/api/v1/runs/\(job.id)/cancel"))
            // A later connection is answered, so the loop has seen this one.
            #expect(try api.call("GET", "/health").status == 200)
            return client
        }
        #expect(try api.call("GET", "/api/v1/runs/\(job.id)").json["status"] as? String == "queued")
        store.fails.withLock { $0 = false }
        #expect(try clients.map { try Answer($0).status } == [200, 409])
    }

    @Test func `only a run that has ended can be deleted, once`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        let path = "/api/v1/runs/\(job.id)"
        #expect(try api.call("DELETE", path).status == 409)
        _ = try api.call("POST", "\(path)/cancel")
        let deleted = try api.call("DELETE", path)
        #expect(deleted.status == 204)
        #expect(deleted.body.isEmpty)
        for (method, rest) in [("GET", ""), ("GET", "/result"), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/stream")] {
            #expect(try api.call(method, path + rest).status == 404)
        }
    }

    @Test func `a run that is no longer in memory is found in the store`() throws {
        var options = TestAPI.Options()
        options.jobs.finishedJobs = 1
        let api = try TestAPI(options)
        let first = try api.finished(#"{"prompt": "x"}"#, .succeeded(JobResult(json: Array("7".utf8)))).id
        for _ in 0..<3 { _ = try api.finished() }
        #expect(api.registry.find(first) == nil)
        #expect(try api.call("GET", "/api/v1/runs/\(first)").json["status"] as? String == "succeeded")
        #expect(try api.call("GET", "/api/v1/runs/\(first)/result").json["result"] as? Int == 7)
        #expect(try api.call("POST", "/api/v1/runs/\(first)/cancel").status == 409)
    }

    @Test func `a store that cannot be read is 503, not 404`() throws {
        var options = TestAPI.Options()
        options.jobs.finishedJobs = 1
        let store = FailingStore()
        options.store = store
        let api = try TestAPI(options)
        let old = try api.finished().id
        for _ in 0..<3 { _ = try api.finished() }
        let recent = try api.finished().id
        #expect(api.registry.find(old) == nil)
        store.fails.withLock { $0 = true }
        for path in ["/\(old)", "/\(old)/result", "/\(old)/stream", "/\(recent)/result", ""] {
            let answer = try api.call("GET", "/api/v1/runs\(path)")
            #expect(answer.status == 503, "\(path)")
            #expect(answer["Retry-After"] != nil)
        }
        for path in ["/stats", "/metrics"] { #expect(try api.call("GET", path).status == 503) }
        #expect(try api.call("DELETE", "/api/v1/runs/\(recent)").status == 503)
        #expect(try api.call("GET", "/health").status == 200)
        store.fails.withLock { $0 = false }
        #expect(try api.call("GET", "/api/v1/runs/\(old)").status == 200)
        #expect(try api.call("GET", "/api/v1/runs/\(recent)/result").status == 200)
    }

    @Test func `HEAD answers like GET without the body`() throws {
        let api = try TestAPI()
        let job = try api.finished()
        for path in [
            "/api/v1/runs", "/api/v1/runs/\(job.id)", "/api/v1/runs/\(job.id)/result", "/health", "/ready", "/stats", "/openapi.json",
        ] {
            let head = try api.call("HEAD", path)
            let get = try api.call("GET", path)
            #expect(head.status == 200)
            #expect(head["Content-Length"] == get["Content-Length"], "\(path)")
            #expect(head["Content-Type"] == get["Content-Type"])
        }
        #expect(try api.call("HEAD", "/metrics").status == 200)
        let stream = try api.call("HEAD", "/api/v1/runs/\(job.id)/stream?from=start")
        #expect(stream.status == 200)
        #expect(stream["Content-Type"] == "text/event-stream")
        #expect(stream["Content-Length"] == nil, "a GET would have none")
        #expect(stream["Connection"] == "close")
    }
}
