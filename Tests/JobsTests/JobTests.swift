import Jobs
import Testing

@Suite struct JobTests {
    @Test func `a run goes from queued to succeeded with the server's own events around the runner's`() {
        let bench = Bench()
        bench.create()
        #expect(bench.job.start(now: Bench.start, waiter: bench.observer.waiter(1)) == .starting(attempt: 1))
        bench.committer.commitAll()
        #expect(bench.observer.tickets == [1])
        #expect(bench.log(["Agent started processing"]) != .stale)
        // A viewer keeps the log in memory beyond the end.
        bench.job.log.attach(bench.observer)
        #expect(bench.job.finish(attempt: 1, .succeeded(nil), now: Bench.start, random: 0) == .ended(.succeeded))
        bench.committer.commitAll()
        #expect(
            bench.events().map(\.1) == [
                #"{"event": "progress", "data": {"percentage": 0, "current_step": "Queued"}}"#,
                #"{"event": "progress", "data": {"percentage": 0, "current_step": "Initializing"}}"#,
                #"{"event": "log", "data": {"message": "Agent started processing"}}"#,
                #"{"event": "progress", "data": {"percentage": 100, "current_step": "Complete"}}"#,
                #"{"event": "complete", "data": {"status": "succeeded", "job_id": "run_4be1c02a77d9"}}"#,
                "[DONE]",
            ])
        #expect(bench.events().map(\.0) == [1, 2, 3, 4, 5, 6])
        #expect(bench.job.log.view().ending == .done)
    }

    @Test func `nothing is shown before its commit`() {
        let bench = Bench()
        #expect(bench.job.log.view().head == 0)
        bench.create()
        let head = bench.job.log.view().head
        _ = bench.job.start(now: Bench.start, waiter: bench.observer.waiter(1))
        #expect(bench.job.log.view().head == head)
        #expect(bench.job.published.snapshot.status == .queued)
        bench.committer.commitAll()
        #expect(bench.job.log.view().head > head)
        #expect(bench.job.published.snapshot.status == .running)
    }

    @Test func `a cancel is terminal at once, and a second one waits for the first one's commit`() {
        let bench = Bench()
        bench.create()
        _ = bench.job.start(now: Bench.start, waiter: bench.observer.waiter(1))
        bench.committer.commitAll()
        #expect(bench.job.cancel(now: Bench.start, waiter: bench.observer.waiter(2)) == .cancelling(attempt: 1))
        #expect(bench.job.cancel(now: Bench.start, waiter: bench.observer.waiter(3)) == .ending)
        #expect(bench.log(["too late"]) == .stale)
        #expect(bench.job.finish(attempt: 1, .succeeded(nil), now: Bench.start, random: 0) == .stale)
        #expect(bench.observer.tickets == [1])
        bench.committer.commitAll()
        #expect(bench.observer.tickets == [1, 2, 3])
        #expect(bench.job.cancel(now: Bench.start, waiter: bench.observer.waiter(4)) == .ended)
        #expect(bench.job.published.snapshot.status == .cancelled)
    }

    @Test func `a failed attempt is retried in the same log until attempts run out`() {
        let bench = Bench(maxAttempts: 2)
        bench.create()
        bench.job.log.attach(bench.observer)
        _ = bench.job.start(now: Bench.start, waiter: bench.observer.waiter(1))
        let first = bench.job.finish(attempt: 1, .failed(error: "boom"), now: Bench.start, random: 0)
        #expect(first == .retrying(at: Bench.start + .milliseconds(500)))
        bench.committer.commitAll()
        #expect(bench.job.published.snapshot.status == .queued)
        #expect(bench.job.start(now: Bench.start, waiter: bench.observer.waiter(2)) == .starting(attempt: 2))
        #expect(bench.log(["late word of the first attempt"], attempt: 1) == .stale)
        #expect(bench.job.finish(attempt: 2, .timedOut(seconds: 60), now: Bench.start, random: 0) == .ended(.failed))
        bench.committer.commitAll()
        let events = bench.events().map(\.1)
        #expect(
            events[2].hasPrefix(
                #"{"event": "retry", "data": {"attempt": 1, "max_attempts": 2, "reason": "failed", "error": "boom", "next_at": "#))
        #expect(events.filter { $0.contains(#""complete""#) }.count == 1)
        #expect(events[4].hasSuffix(#""error": "Timed out after 60 s"}}"#))
    }

    @Test func `what is known of the last attempt's failure is committed with the end, and an earlier one's is not`() {
        let bench = Bench(maxAttempts: 2)
        bench.create()
        _ = bench.job.start(now: Bench.start, waiter: bench.observer.waiter(1))
        let first = JobFailure(exitStatus: 1, stderrTail: "one")
        _ = bench.job.finish(attempt: 1, .failed(error: "boom", first), now: Bench.start, random: 0)
        #expect(bench.committer.commitAll().allSatisfy { $0.result == nil })
        _ = bench.job.start(now: Bench.start, waiter: bench.observer.waiter(2))
        let last = JobFailure(signal: 9, stderrTail: "two\nthree")
        _ = bench.job.finish(attempt: 2, .failed(error: "boom", last), now: Bench.start, random: 0)
        let result = bench.committer.commitAll().last?.result
        #expect(
            result.map { String(decoding: $0.json, as: UTF8.self) } == #"{"exit_status": null, "signal": 9, "stderr_tail": "two\nthree"}"#)
    }

    @Test func `a commit that failed is taken again, larger`() throws {
        let bench = Bench()
        bench.create()
        _ = bench.job.start(now: Bench.start, waiter: bench.observer.waiter(1))
        let failed = try #require(bench.job.takeCommit())
        bench.job.commitFailed()
        _ = bench.log(["more"])
        let next = try #require(bench.job.takeCommit())
        #expect(next.expected == failed.expected)
        #expect(next.end.sequence == failed.end.sequence + 1)
        _ = bench.job.committed(next, .committed(oldest: LogOldest()))
        #expect(bench.events().count == 3)
    }

    @Test(arguments: [(1, 0.5, 1.0), (2, 1, 2), (5, 8, 16), (9, 128, 256), (10, 150, 300), (20, 150, 300)])
    func `retries wait longer each time, at most 300 s, spread over half of it`(attempt: Int, low: Double, high: Double) {
        for random in [UInt64.min, UInt64.max / 2, UInt64.max] {
            let bench = Bench(maxAttempts: 21)
            bench.create()
            for number in 1...attempt {
                _ = bench.job.start(now: Bench.start, waiter: bench.observer.waiter(1))
                guard case .retrying(let at) = bench.job.finish(attempt: number, .crashed, now: Bench.start, random: random) else {
                    Issue.record("not retried")
                    return
                }
                let waited = Double((at - Bench.start).inMicroseconds) / 1e6
                if number == attempt { #expect(waited >= low && waited <= high) }
            }
        }
    }

    @Test func `the status body is rendered once per change and has every member`() {
        let bench = Bench()
        bench.create()
        let body = bench.job.statusBody
        #expect(
            String(decoding: body.bytes, as: UTF8.self) == """
                {"job_id": "run_4be1c02a77d9", "status": "queued", "progress": {"percentage": 0, "current_step": "Queued", "steps_completed": 0, \
                "steps_total": null}, "created_at": "2027-01-15T08:00:00.000000Z", "started_at": null, "completed_at": null, "agent_id": null, \
                "run_id": null, "session_id": null, "error": null, "retry_after": 2, "attempt": 0, "max_attempts": 1}
                """)
        _ = bench.job.start(now: Bench.start, waiter: bench.observer.waiter(1))
        bench.committer.commitAll()
        let running = bench.job.statusBody
        _ = bench.log(["a log changes no status"])
        bench.committer.commitAll()
        #expect(bench.job.statusBody === running)
    }
}
