import API
import Foundation
import Jobs
import Testing

@Suite struct StreamTests {
    private func path(_ job: Job, _ query: String = "") -> String { "/api/v1/runs/\(job.id)/stream\(query)" }

    /// The whole stream of a run with one log event that succeeded, without the preamble.
    private func wholeLog(_ job: Job) -> String {
        """
        id: 1
        data: {"event": "progress", "data": {"percentage": 0, "current_step": "Queued"}}

        id: 2
        data: {"event": "progress", "data": {"percentage": 0, "current_step": "Initializing"}}

        id: 3
        data: {"event": "log", "data": {"message": "a"}}

        id: 4
        data: {"event": "progress", "data": {"percentage": 100, "current_step": "Complete"}}

        id: 5
        data: {"event": "complete", "data": {"status": "succeeded", "job_id": "\(job.id)"}}

        id: 6
        data: [DONE]


        """
    }

    private func finishedRun(_ api: TestAPI) throws -> Job {
        let job = try api.submit()
        api.start(job)
        api.log(job, ["a"])
        api.finish(job)
        return job
    }

    @Test func `a viewer sees the run live, to the byte, and the response ends`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        let viewer = try StreamClient(api, path(job), ["Accept": "text/event-stream"])
        #expect(viewer.status == 200)
        #expect(viewer.headers["content-type"] == "text/event-stream")
        #expect(viewer.headers["cache-control"] == "no-cache, no-transform")
        #expect(viewer.headers["x-accel-buffering"] == "no")
        #expect(viewer.headers["connection"] == "close")
        viewer.read(until: "Queued\"}}\n\n")
        api.start(job)
        viewer.read(until: "Initializing\"}}\n\n")
        api.log(job, ["a"])
        viewer.read(until: "\"a\"}}\n\n")
        api.finish(job)
        let text = viewer.readAll()
        let retry = try #require(text.firstMatch(of: /^retry: (\d+)\n: run_[0-9a-f]{12}\nid: 1\n/))
        #expect((1500...3500).contains(Int(retry.1) ?? 0))
        #expect(viewer.events == wholeLog(job))
        #expect(viewer.hasEnded)
    }

    @Test func `fifty viewers see the same`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        let viewers = try (0..<50).map { _ in try StreamClient(api, path(job)) }
        for viewer in viewers { viewer.read(until: "Queued") }
        api.start(job)
        api.log(job, ["a"])
        api.finish(job)
        for viewer in viewers {
            _ = viewer.readAll()
            #expect(viewer.events == wholeLog(job))
        }
    }

    @Test(arguments: 0...5)
    func `a returning viewer gets what it has not seen, exactly once`(cursor: Int) throws {
        let api = try TestAPI()
        let job = try finishedRun(api)
        for viewer in [
            try StreamClient(api, path(job), ["Last-Event-ID": "\(cursor)"]), try StreamClient(api, path(job, "?last_event_id=\(cursor)")),
            try StreamClient(api, path(job, "?from=now"), ["Last-Event-ID": "\(cursor)"]),
        ] {
            #expect(viewer.status == 200)
            #expect(viewer.readAll().contains("[DONE]"))
            #expect(viewer.ids == Array((cursor + 1)...6))
        }
    }

    @Test func `a cursor at the end of a finished run, or beyond, is 204`() throws {
        let api = try TestAPI()
        let job = try finishedRun(api)
        for cursor in ["6", "7", "99999999999999999999"] {
            let answer = try api.call("GET", path(job), ["Last-Event-ID": cursor])
            #expect(answer.status == 204)
            #expect(answer.body.isEmpty)
        }
    }

    @Test func `a negative cursor is 0, and one beyond the head of a live run is the head`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        let negative = try StreamClient(api, path(job), ["Last-Event-ID": "-1"])
        let beyond = try StreamClient(api, path(job), ["Last-Event-ID": "99"])
        negative.read(until: "Queued")
        api.start(job)
        negative.read(until: "Initializing\"}}\n\n")
        beyond.read(until: "Initializing\"}}\n\n")
        #expect(negative.ids == [1, 2])
        #expect(beyond.ids == [2])
    }

    @Test func `what is no number is no cursor`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        let viewer = try StreamClient(api, path(job), ["Last-Event-ID": "seven"])
        viewer.read(until: "Queued\"}}\n\n")
        #expect(viewer.ids == [1])
    }

    @Test func `a finished run without a cursor is 400 once its end has been told`() throws {
        for tell in ["", "/result"] {
            let api = try TestAPI()
            let job = try finishedRun(api)
            // Nobody has asked yet: submit-then-stream never races with a fast run.
            let fresh = try StreamClient(api, path(job))
            #expect(fresh.status == 200)
            _ = fresh.readAll()
            #expect(fresh.events == wholeLog(job))
            // Neither a HEAD nor a list nor a refused cancel tells.
            _ = try api.call("HEAD", "/api/v1/runs/\(job.id)\(tell)")
            _ = try api.call("GET", "/api/v1/runs")
            _ = try api.call("POST", "/api/v1/runs/\(job.id)/cancel")
            #expect(try StreamClient(api, path(job)).status == 200)
            #expect(try api.call("GET", "/api/v1/runs/\(job.id)\(tell)").status == 200)
            let refused = try api.call("GET", path(job))
            #expect(refused.status == 400)
            #expect(refused.detail.hasPrefix("Job already completed"))
            #expect(try api.call("GET", path(job, "?from=now")).status == 400)
            let replay = try StreamClient(api, path(job, "?from=start"))
            _ = replay.readAll()
            #expect(replay.events == wholeLog(job))
        }
    }

    @Test func `a minute after its end a run is no news any more`() throws {
        let api = try TestAPI()
        let job = try finishedRun(api)
        api.advance(.seconds(60))
        #expect(try StreamClient(api, path(job)).status == 200)
        api.advance(.microseconds(1))
        #expect(try api.call("GET", path(job)).status == 400)
        #expect(try api.call("HEAD", path(job)).status == 400)
    }

    @Test func `from=now begins with the latest progress, with the head's number as its id`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        api.start(job)
        api.log(job, ["old"])
        let viewer = try StreamClient(api, path(job, "?from=now"))
        viewer.read(until: "Initializing\"}}\n\n")
        api.log(job, ["new"])
        api.finish(job)
        _ = viewer.readAll()
        #expect(
            viewer.events.hasPrefix(
                "id: 3\ndata: {\"event\": \"progress\", \"data\": {\"percentage\": 0, \"current_step\": \"Initializing\"}}\n\nid: 4\n"))
        #expect(!viewer.text.contains("old"))
        #expect(viewer.ids == [3, 4, 5, 6, 7])
    }

    @Test func `a viewer from now that comes back does not lose what happened while it was away`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        api.start(job)
        api.log(job, ["old"])
        var viewer: StreamClient? = try StreamClient(api, path(job, "?from=now"))
        let seen = try #require(viewer)
        seen.read(until: "Initializing\"}}\n\n")
        let cursor = try #require(seen.ids.last)
        viewer = nil
        api.log(job, ["missed"])
        let again = try StreamClient(api, path(job, "?from=now"), ["Last-Event-ID": "\(cursor)"])
        again.read(until: "missed\"}}\n\n")
        api.log(job, ["new"])
        api.finish(job)
        _ = again.readAll()
        #expect(again.ids == [4, 5, 6, 7, 8])
        #expect(!again.text.contains("old"))
    }

    @Test func `other beginnings are 400`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        for from in ["end", "", "0", "Start"] {
            #expect(try api.call("GET", path(job, "?from=\(from)")).status == 400)
            #expect(try api.call("GET", path(job, "?from=\(from)"), ["Last-Event-ID": "1"]).status == 400)
        }
    }

    @Test func `NDJSON has the same events, one object a line`() throws {
        let api = try TestAPI()
        let job = try finishedRun(api)
        let viewer = try StreamClient(api, path(job, "?from=start"), ["Accept": "application/x-ndjson"])
        #expect(viewer.headers["content-type"] == "application/x-ndjson")
        let lines = viewer.readAll().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first == #"{"id": 1, "event": "progress", "data": {"percentage": 0, "current_step": "Queued"}}"#)
        #expect(lines.suffix(3).first == #"{"id": 5, "event": "complete", "data": {"status": "succeeded", "job_id": "\#(job.id)"}}"#)
        #expect(lines.suffix(2).first == #"{"id": 6, "event": "done", "data": {}}"#)
        #expect(lines.count == 7)
        let rest = try StreamClient(api, path(job), ["Accept": "application/x-ndjson", "Last-Event-ID": "5"])
        #expect(rest.readAll() == "{\"id\": 6, \"event\": \"done\", \"data\": {}}\n")
        #expect(try api.call("GET", path(job), ["Accept": "application/x-ndjson", "Last-Event-ID": "6"]).status == 204)
    }

    @Test func `NDJSON from now has the head's number as its first event's id`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        let viewer = try StreamClient(api, path(job, "?from=now"), ["Accept": "application/x-ndjson"])
        viewer.read(until: "\n")
        #expect(viewer.text == #"{"id": 1, "event": "progress", "data": {"percentage": 0, "current_step": "Queued"}}"# + "\n")
        _ = try api.call("POST", "/api/v1/runs/\(job.id)/cancel")
        #expect(viewer.readAll().hasSuffix("{\"id\": 3, \"event\": \"done\", \"data\": {}}\n"))
    }

    @Test func `HEAD tells a stream's headers and ends`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        let head = try api.call("HEAD", path(job))
        #expect(head.status == 200)
        #expect(head["Content-Type"] == "text/event-stream")
        #expect(head["Cache-Control"] == "no-cache, no-transform")
        #expect(try api.call("HEAD", path(job), ["Accept": "application/x-ndjson"])["Content-Type"] == "application/x-ndjson")
        _ = try api.call("POST", "/api/v1/runs/\(job.id)/cancel")
        #expect(try api.call("HEAD", path(job), ["Last-Event-ID": "3"]).status == 204)
    }

    @Test func `an HTTP 1.0 viewer gets the text until the connection ends`() throws {
        let api = try TestAPI()
        let job = try finishedRun(api)
        let client = try RawClient(port: api.port)
        client.send("GET \(path(job)) HTTP/1.0\r\n\r\n")
        let text = String(decoding: client.receiveAll(), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.0 200") || text.hasPrefix("HTTP/1.1 200"))
        #expect(!text.lowercased().contains("transfer-encoding"))
        #expect(text.hasSuffix(wholeLog(job)))
    }

    @Test func `events that are gone are told of by a gap`() throws {
        var options = TestAPI.Options()
        options.storage.retainLogBytes = 20_000
        let api = try TestAPI(options)
        let job = try api.submit()
        api.start(job)
        for index in 0..<100 { api.log(job, (0..<10).map { "\(index) \($0) \(String(repeating: "x", count: 80))" }) }
        let oldest = job.log.oldest.sequence
        #expect(oldest > 100)
        let viewer = try StreamClient(api, path(job), ["Last-Event-ID": "5"])
        viewer.read(until: "id: ")
        let gap =
            #"data: {"event": "gap", "data": {"requested": 5, "oldest": \#(oldest), "job": {"job_id": "\#(job.id)", "status": "running", "#
        #expect(viewer.events.hasPrefix(gap))
        #expect(viewer.text.contains("}}\n\nid: \(oldest)\ndata: "))
        let first = try StreamClient(api, path(job))
        first.read(until: "id: ")
        #expect(first.events.hasPrefix(#"data: {"event": "gap", "data": {"requested": 0, "oldest": \#(oldest), "#))
        let lines = try StreamClient(api, path(job), ["Accept": "application/x-ndjson"])
        lines.read(until: "\n")
        #expect(lines.text.hasPrefix(#"{"id": null, "event": "gap", "data": {"requested": 0, "#))
        let recent = try StreamClient(api, path(job), ["Last-Event-ID": "\(oldest - 1)"])
        recent.read(until: "id: ")
        #expect(recent.events.hasPrefix("id: \(oldest)\n"))
        api.finish(job)
        for viewer in [viewer, first, recent] {
            #expect(viewer.readAll().hasSuffix("data: [DONE]\n\n"))
            #expect(viewer.ids == Array(Int(oldest)...viewer.ids.count + Int(oldest) - 1))
        }
    }

    @Test func `a viewer that is too slow for what is kept is cut off where it was, never over a hole`() throws {
        var options = TestAPI.Options()
        options.storage.retainLogBytes = 200_000
        options.jobs.tailBytes = 100_000
        let api = try TestAPI(options)
        let job = try api.submit()
        api.start(job)
        let viewer = try StreamClient(api, path(job), receiveBuffer: 4096)
        viewer.read(until: "Initializing")
        let text = String(repeating: "x", count: 50_000)
        for index in 0..<300 { api.log(job, ["\(index) \(text)"]) }
        api.finish(job)
        _ = viewer.readAll()
        // With the last chunk, or without it when it was in the middle of one whose rest is gone.
        #expect(!viewer.text.contains("[DONE]"))
        #expect(viewer.ids == Array(1...viewer.ids.count))
        let back = try StreamClient(api, path(job), ["Last-Event-ID": "\(viewer.ids.count)"])
        #expect(back.readAll().contains(#"{"event": "gap", "data": {"requested": \#(viewer.ids.count), "#))
        #expect(back.text.hasSuffix("data: [DONE]\n\n"))
    }

    @Test func `a log that is no longer in memory is read back at every cursor`() throws {
        var options = TestAPI.Options()
        options.jobs.finishedJobs = 1
        options.storage.pageBytes = 4_096
        let api = try TestAPI(options)
        let job = try api.submit()
        api.start(job)
        for index in 0..<40 { api.log(job, (0..<5).map { "\(index) \($0) \(String(repeating: "x", count: 50))" }) }
        api.finish(job)
        let count = 2 + 200 + 3
        for _ in 0..<3 { _ = try api.finished() }
        #expect(api.registry.find(job.id) == nil)
        for cursor in stride(from: 0, to: count, by: 7) {
            let viewer = try StreamClient(api, path(job), ["Last-Event-ID": "\(cursor)"])
            _ = viewer.readAll()
            #expect(viewer.ids == Array((cursor + 1)...count))
        }
        #expect(try api.call("GET", path(job), ["Last-Event-ID": "\(count)"]).status == 204)
    }

    @Test func `a deletion cuts streams cleanly, without DONE`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        api.start(job)
        // More than sockets buffer, so that the stream of a client that does not read is still there.
        let text = String(repeating: "x", count: 200_000)
        for index in 0..<100 { api.log(job, ["\(index) \(text)"]) }
        api.finish(job)
        let viewer = try StreamClient(api, path(job), receiveBuffer: 4096)
        viewer.read(until: "Queued")
        // In the middle of an event, which has left memory since.
        #expect(api.waitForBlockedStream())
        #expect(try api.call("DELETE", "/api/v1/runs/\(job.id)").status == 204)
        _ = viewer.readAll()
        #expect(viewer.hasEnded)
        #expect(!viewer.text.contains("[DONE]"))
        #expect(try api.call("GET", path(job), ["Last-Event-ID": "1"]).status == 404)
    }

    @Test(arguments: [("text/event-stream", "1.1"), ("application/x-ndjson", "1.1"), ("text/event-stream", "1.0")])
    func `while the server drains a new stream is not refused, but ends cleanly at once`(type: String, version: String) throws {
        let api = try TestAPI()
        let job = try api.submit()
        api.state.drain()
        let client = try RawClient(port: api.port)
        client.send(api.request("GET", path(job), ["Accept": type]).replacing("HTTP/1.1", with: "HTTP/\(version)"))
        let answer = String(decoding: client.receiveAll(), as: UTF8.self)
        #expect(answer.contains(" 200 OK\r\n") && answer.contains("\r\nContent-Type: \(type)\r\n"))
        #expect(answer.contains("\r\nConnection: close\r\n"))
        #expect(answer.hasSuffix(type == "text/event-stream" ? "\n: \(job.id)\n" : "\r\n\r\n"), "the preamble alone: \(answer)")
        #expect(!client.hasTimedOut)
        #expect(try api.call("GET", "/api/v1/runs/run_000000000000/stream").status == 404)
    }

    @Test func `a page of a listed origin may read a stream`() throws {
        let api = try TestAPI(.init(corsOrigins: ["http://page.example"]))
        let job = try api.submit()
        let viewer = try StreamClient(api, path(job), ["Origin": "http://page.example"])
        #expect(viewer.headers["access-control-allow-origin"] == "http://page.example")
        #expect(viewer.headers["vary"] == "Origin")
    }

    @Test func `a silent stream gets heartbeats of two bytes`() throws {
        var options = TestAPI.Options()
        options.limits.heartbeat = .milliseconds(50)
        let api = try TestAPI(options)
        let job = try api.submit()
        let viewer = try StreamClient(api, path(job))
        viewer.read(until: "\n\n:\n:\n")
        let lines = try StreamClient(api, path(job), ["Accept": "application/x-ndjson"])
        lines.read(until: "}\n\n\n")
        _ = try api.call("POST", "/api/v1/runs/\(job.id)/cancel")
        #expect(viewer.readAll().hasSuffix("[DONE]\n\n"))
    }
}
