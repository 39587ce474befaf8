import Jobs
import Testing

@Suite struct EventLogTests {
    private func running(limits: JobLimits = JobLimits()) -> Bench {
        let bench = Bench(limits: limits)
        bench.create()
        _ = bench.job.start(now: Bench.start, waiter: bench.observer.waiter(1))
        bench.committer.commitAll()
        return bench
    }

    @Test func `a resume at every cut of a log yields every later event once, in order`() {
        let bench = running()
        for number in 3...1000 {
            #expect(bench.log(["event \(number) \(String(repeating: "x", count: number % 300))"]) != .stale)
            if number % 7 == 0 { bench.committer.commitAll() }
        }
        bench.committer.commitAll()
        for cut in 0...1000 {
            guard case .offset(let offset, oldest: nil) = bench.job.log.locate(after: UInt64(cut)) else {
                Issue.record("no offset after \(cut)")
                return
            }
            let expected = cut < 1000 ? Array(UInt64(cut + 1)...1000) : []
            #expect(bench.events(from: offset).map(\.0) == expected)
        }
        #expect(bench.job.log.locate(after: .max) == .offset(bench.job.log.view().head, oldest: nil))
    }

    @Test func `memory keeps a bounded tail and sends older cursors to the store`() {
        var limits = JobLimits()
        limits.tailBytes = 100_000
        let bench = running(limits: limits)
        for _ in 0..<100 {
            _ = bench.log([String(repeating: "y", count: 10_000)])
            bench.committer.commitAll()
        }
        let view = bench.job.log.view()
        #expect(view.head - view.start <= 100_000 + 65_536)
        #expect(view.start > 0)
        #expect(bench.job.log.locate(after: 5) == .stored)
        #expect(bench.job.log.locate(after: 0) == .offset(0, oldest: nil))
    }

    @Test func `a cursor older than what is retained gets the oldest event and its number`() {
        let bench = running()
        for _ in 0..<10 { _ = bench.log(["z"]) }
        bench.committer.commitAll(oldest: LogOldest(sequence: 5, offset: 400))
        #expect(bench.job.log.locate(after: 2) == .offset(400, oldest: 5))
        #expect(bench.job.log.locate(after: 0) == .offset(400, oldest: 5))
        #expect(bench.job.log.locate(after: 4) == .offset(400, oldest: nil))
    }

    @Test func `after a power cut the numbering jumps and a cursor in the hole is told so`() {
        let committer = TestCommitter()
        let observer = TestObserver()
        var snapshot = JobSnapshot()
        snapshot.status = .running
        snapshot.attempt = 1
        let spec = JobSpec(
            id: JobID(bits: 7), createdAt: Bench.start, sessionID: nil, timeoutSeconds: 60, maxAttempts: 2, webhookURL: nil)
        let head = LogHead(epoch: 2, end: LogEnd(sequence: 40, offset: 4000))
        let stored = StoredJob(order: 1, spec: spec, work: JobWork(prompt: "p"), snapshot: snapshot, head: head, oldest: LogOldest())
        let job = Job(stored: stored, afterPowerCut: true, committer: committer, memory: LogMemory(limits: JobLimits()))
        job.log.attach(observer)
        _ = job.finish(attempt: 1, .crashed, now: Bench.start, random: 0)
        let commits = committer.commitAll()
        #expect(commits.map(\.firstSequence) == [1_000_041])
        #expect(commits.map(\.expected) == [head])
        #expect(observer.advanced == 1)
        #expect(job.log.locate(after: 40) == .offset(4000, oldest: nil))
        #expect(job.log.locate(after: 43) == .offset(4000, oldest: 1_000_041))
        #expect(job.log.locate(after: 39) == .stored)
        #expect(job.log.locate(after: 1_000_041) == .offset(job.log.view().head, oldest: nil))
    }

    @Test func `a finished log leaves memory with its last viewer`() {
        let bench = running()
        bench.job.log.attach(bench.observer)
        _ = bench.job.finish(attempt: 1, .succeeded(nil), now: Bench.start, random: 0)
        bench.committer.commitAll()
        #expect(bench.job.log.view().start == 0)
        bench.job.log.detach(bench.observer)
        let view = bench.job.log.view()
        #expect(view.start == view.head)
        #expect(bench.job.log.locate(after: 2) == .stored)
    }

    @Test func `deleting a run cuts its streams and lets go of whoever waits`() {
        let bench = running()
        bench.job.log.attach(bench.observer)
        let before = bench.observer.advanced
        _ = bench.log(["never committed"])
        bench.job.whenCommitted(bench.observer.waiter(9))
        #expect(bench.job.deleted().map(\.ticket) == [9])
        #expect(bench.job.log.view().ending == .cut)
        #expect(bench.observer.advanced == before + 1)
    }

    @Test(arguments: [0, 1, 9, 10, 15, 16, 99, 255, 256, 4095, 65_536, 300_000])
    func `a frame's chunk size counts exactly what stands between the framing`(length: Int) {
        let bench = running()
        bench.job.log.attach(bench.observer)
        var batch = EventBatch()
        batch.bytes = [UInt8](repeating: UInt8(ascii: "a"), count: length)
        batch.endEnvelope()
        let offset = bench.job.log.view().head
        #expect(bench.job.append(batch, attempt: 1) != .stale)
        bench.committer.commitAll()
        let text = unsafe bench.job.log.view().withBytes(at: offset) { unsafe String(decoding: $0, as: UTF8.self) }
        let content = "id: 3\ndata: " + String(repeating: "a", count: length) + "\n\n"
        #expect(text == String(content.utf8.count, radix: 16) + "\r\n" + content + "\r\n")
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"), (-1, "1969-12-31T23:59:59.999999Z"),
            (1_798_761_599_999_999, "2026-12-31T23:59:59.999999Z"),
        ] as [(Int64, String)])
    func `times are ISO 8601 in UTC with microseconds`(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).iso8601 == text)
    }

    @Test(arguments: ["run_4be1c02a77d9", "run_000000000000", "run_ffffffffffff"])
    func `an id's text reads back as the same id`(text: String) {
        #expect(JobID(text)?.description == text)
    }

    @Test(arguments: ["", "run_", "run_4be1c02a77d", "run_4be1c02a77d9a", "run_4BE1C02A77D9", "job_4be1c02a77d9", "run_4be1c02a77dg"])
    func `what is no id is none`(text: String) {
        #expect(JobID(text) == nil)
    }
}
