import Jobs
import Storage
import Testing

/// Running runs whose events are committed together.
struct Runs {
    let jobs: [Job]
    private let bench: Bench

    init(_ store: SQLiteStore, _ directory: TemporaryDirectory, count: Int) throws {
        let bench = Bench(store, directory)
        self.bench = bench
        jobs = try (1...UInt64(count)).map { try bench.create(bench.job($0)) }
        for job in jobs { try bench.start(job) }
    }

    /// The runs in `range`, or all, report events, and all that is committed in one batch.
    func report(events: Int, bytes: Int = 40, of range: Range<Int>? = nil) throws {
        try write(try take(events: events, bytes: bytes, of: range), of: range)
    }

    func commit(_ range: Range<Int>) throws {
        try write(try jobs[range].map { try #require($0.takeCommit()) }, of: range)
    }

    /// The runs report something, which is not yet written.
    func take(events: Int, bytes: Int = 40, of range: Range<Int>? = nil) throws -> [JobCommit] {
        let reporting = jobs[range ?? jobs.indices]
        for job in reporting { bench.log(job, events, bytes: bytes) }
        return try reporting.map { try #require($0.takeCommit()) }
    }

    /// Writes and publishes what was taken.
    func write(_ commits: [JobCommit], of range: Range<Int>? = nil) throws {
        for ((job, commit), outcome) in zip(zip(jobs[range ?? jobs.indices], commits), try bench.write(commits: commits).commits) {
            _ = job.committed(commit, outcome)
        }
    }

    /// Whether a store has every event of every run, from every start.
    func areWhole(_ store: SQLiteStore) throws {
        for job in jobs {
            let last = job.log.view().lastSequence
            #expect(try store.job(job.id)?.head.end.sequence == last)
            let whole = try #require(try store.read(job.id, from: .offset(0), maxBytes: .max))
            #expect(sequences(whole.bytes) == Array(1...last))
            #expect(whole.bytes.count == job.log.view().head)
            for sequence in 1...last {
                let page = try #require(try store.read(job.id, from: .sequence(sequence), maxBytes: 1))
                #expect(sequences(page.bytes).contains(sequence))
            }
            #expect(try store.read(job.id, from: .sequence(last + 1), maxBytes: .max) == nil)
        }
    }
}
