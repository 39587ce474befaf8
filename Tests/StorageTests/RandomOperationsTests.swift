import Jobs
import Storage
import Testing

/// A thousand random operations, on both stores alike: the one in memory is the model of the one on disk.
@Suite struct RandomOperationsTests {
    @Test func `both stores answer a thousand random operations alike, over restarts`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("random operations: seed \(seed)")
        var run = try RandomRun(seed: seed)
        for step in 0..<1_000 {
            do {
                try run.step()
            } catch {
                Issue.record("seed \(seed), step \(step): \(error)")
                return
            }
        }
    }
}

/// One run of the test.
private struct RandomRun {
    private var random: SplitMix
    private let directory: TemporaryDirectory
    private let model = MemoryStore()
    private var store: SQLiteStore
    private var bench: Bench
    private var jobs: [JobID: Job] = [:]
    private var clock = Bench.now
    private let retain: Int
    private let limits: StorageLimits
    /// Commits that were written, for being repeated.
    private var past: [JobCommit] = []

    init(seed: UInt64) throws {
        random = SplitMix(state: seed)
        directory = try TemporaryDirectory()
        var limits = StorageLimits()
        limits.journalSiblings = Int.random(in: 1...4, using: &random)
        limits.journalBytes = Int.random(in: 0...20_000, using: &random)
        self.limits = limits
        store = try SQLiteStore(path: directory.file("runs.db"), bootID: "boot", limits: limits)
        bench = Bench(model, directory)
        retain = Int.random(in: 1_000...40_000, using: &random)
    }

    struct Difference: Error, CustomStringConvertible {
        let description: String
    }

    private func same<Value>(_ what: String, _ body: (any JobStore) throws -> Value) throws -> Value {
        let expected = try body(model)
        let found = try body(store)
        guard "\(expected)" == "\(found)" else { throw Difference(description: "\(what): \(found) instead of \(expected)") }
        return expected
    }

    private func same(_ what: String, _ batch: WriteBatch) throws -> WriteOutcome {
        try same(what) { try $0.write(batch) }
    }

    mutating func step() throws {
        clock = clock + .milliseconds(1)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<15: try submit()
        case 15..<65: try change()
        case 65..<70: try delete()
        case 70..<73: try repeatOld()
        case 73..<75: try takeOver()
        case 75..<77: _ = try same("prune") { try $0.prune(endedBefore: clock + .milliseconds(-200), limit: 3) }
        case 77: try restart()
        default: try look()
        }
    }

    private mutating func submit() throws {
        var batch = WriteBatch(retainLogBytes: retain)
        var new: [(Job, Submission)] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let session = [nil, "", "a", "b"].randomElement(using: &random) ?? nil
            let job = bench.job(UInt64.random(in: 0...500, using: &random), session: session, attempts: 3, at: clock)
            let key =
                Bool.random(using: &random)
                ? IdempotencyKey(key: Array("\(Int.random(in: 0...30, using: &random))".utf8), sessionID: session) : nil
            new.append((job, try bench.submission(job, key: key, mayEnter: Int.random(in: 0...9, using: &random) > 0)))
        }
        batch.submits = new.map(\.1)
        let outcome = try same("submit", batch)
        for ((job, submission), outcome) in zip(new, outcome.submits) where outcome.isCreated {
            _ = job.committed(submission.commit, .committed(oldest: LogOldest()))
            jobs[job.id] = job
        }
    }

    /// Several runs change in one batch.
    private mutating func change() throws {
        var batch = WriteBatch(retainLogBytes: retain)
        var changed: [(Job, JobCommit)] = []
        for job in jobs.values.sorted(by: { $0.id.bits < $1.id.bits }).shuffled(using: &random).prefix(6) {
            let attempt = job.published.snapshot.attempt
            switch (job.published.snapshot.status, Int.random(in: 0..<10, using: &random)) {
            case (.queued, 0): _ = job.cancel(now: clock, waiter: bench.answers.waiter())
            case (.queued, _): _ = job.start(now: clock, waiter: bench.answers.waiter())
            case (.running, 0): _ = job.finish(attempt: attempt, .failed(error: "e"), now: clock, random: 7)
            case (.running, 1):
                _ = job.finish(attempt: attempt, .succeeded(JobResult(json: [49], isTruncated: true)), now: clock, random: 7)
            case (.running, let choice):
                let most = [200, 3_000, 300_000][choice == 2 ? 2 : choice % 2]
                let size = Int.random(in: most / 2...most, using: &random)
                bench.log(job, Int.random(in: 1...5, using: &random), bytes: size)
            default: break
            }
            guard let commit = job.takeCommit() else { continue }
            changed.append((job, commit))
        }
        batch.commits = changed.map(\.1)
        let outcome = try same("commit", batch)
        for ((job, commit), outcome) in zip(changed, outcome.commits) {
            _ = job.committed(commit, outcome)
            past.append(commit)
        }
    }

    private mutating func delete() throws {
        var batch = WriteBatch(retainLogBytes: retain)
        batch.deletes = (0..<10).map { _ in JobID(bits: UInt64.random(in: 0...500, using: &random)) }
        let outcome = try same("delete", batch)
        for (id, isDeleted) in zip(batch.deletes, outcome.deletes) where isDeleted { jobs[id] = nil }
    }

    private mutating func repeatOld() throws {
        guard let commit = past.randomElement(using: &random) else { return }
        var batch = WriteBatch(retainLogBytes: retain)
        batch.commits = [commit]
        // One that changed the snapshot alone would be taken again: the store cannot tell.
        guard commit.end != commit.expected.end else { return }
        _ = try same("repeat", batch)
    }

    /// What every server does at its start.
    private mutating func takeOver() throws {
        var after: Int64 = 0
        while true {
            let taken = try same("acquire") { try $0.acquire(limit: 7, after: after) }
            guard let last = taken.last else { return }
            after = last.order
            for stored in taken {
                // After one the numbers go on behind a hole.
                let isAfterPowerCut = Int.random(in: 0...3, using: &random) == 0
                jobs[stored.spec.id] = Job(
                    stored: stored, afterPowerCut: isAfterPowerCut, committer: bench.committer, memory: bench.memory)
            }
        }
    }

    private mutating func restart() throws {
        if Bool.random(using: &random) { try store.close() }
        let path = directory.file("runs.db")
        let placeholder = try SQLiteStore(path: directory.file("other.db"), bootID: "boot")
        store = placeholder
        store = try SQLiteStore.reopened(path, limits: limits)
    }

    private mutating func look() throws {
        let id = JobID(bits: UInt64.random(in: 0...500, using: &random))
        _ = try same("job") { try $0.job(id) }
        _ = try same("result") { try $0.result(of: id) }
        _ = try same("counts") { try $0.counts() }
        let filter = JobFilter(
            status: [nil, .queued, .running, .succeeded, .failed, .cancelled].randomElement(using: &random) ?? nil,
            sessionID: [nil, "", "a", "b", "none"].randomElement(using: &random) ?? nil, page: Int.random(in: 1...4, using: &random),
            pageSize: Int.random(in: 1...20, using: &random))
        _ = try same("list \(filter)") { try $0.list(filter) }
        guard let job = jobs.values.min(by: { $0.id.bits ^ id.bits < $1.id.bits ^ id.bits }) else { return }
        let head = job.log.view().head
        let address: LogAddress =
            Bool.random(using: &random)
            ? .offset(Int.random(in: 0...head, using: &random))
            : .sequence(UInt64.random(in: 0...job.log.view().lastSequence + 1, using: &random))
        let maxBytes = Int.random(in: 1...100_000, using: &random)
        _ = try same("read \(job.id) \(address)") { try $0.read(job.id, from: address, maxBytes: maxBytes) }
    }
}

/// A generator that a printed seed repeats.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
