import Jobs
import Storage
import Testing

/// The laws of every store: what is written, and what it answers.
@Suite struct JobStoreTests {
    private let rich = JobWork(
        prompt: "Größe\n\u{1F600}", agentFile: "a.yaml", agentYAML: "x: 1", recipeName: "r", recipeConfig: "{\"a\": 1e5}", framework: "f",
        config: "{}")

    @Test(arguments: StoreKind.allCases)
    func `a run is read back as it was submitted`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let job = bench.job(0xFFFF_FFFF_FFFF, session: "", attempts: 20, webhook: "http://example.org/", work: rich)
        try bench.create(job)
        let stored = try #require(try bench.store.job(job.id))
        #expect(stored.spec == job.spec)
        #expect(stored.work == rich)
        #expect(stored.snapshot == job.published.snapshot)
        #expect(stored.head == LogHead(epoch: 1, end: LogEnd(sequence: 1, offset: job.log.view().head)))
        #expect(stored.oldest == LogOldest())
        #expect(try bench.store.job(JobID(bits: 1)) == nil)
        #expect(try bench.store.result(of: job.id) == nil)
    }

    @Test(arguments: StoreKind.allCases)
    func `every member of a snapshot is kept`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let job = try bench.create(bench.job(1, attempts: 2))
        try bench.start(job)
        var batch = EventBatch()
        batch.bytes += Array("{}".utf8)
        batch.endEnvelope(progress: JobProgress(percentage: "12.5", currentStep: "\"s\"", stepsCompleted: "1", stepsTotal: "8"))
        _ = job.append(batch, attempt: 1)
        try bench.commit(job)
        #expect(try bench.store.job(job.id)?.snapshot == job.published.snapshot)
        #expect(try bench.store.job(job.id)?.snapshot.progress.stepsTotal == "8")
        try bench.finish(job, .failed(error: "boom"))
        let retrying = try #require(try bench.store.job(job.id))
        #expect(retrying.snapshot == job.published.snapshot)
        #expect(retrying.snapshot.nextAt != nil && retrying.snapshot.error == "boom" && retrying.work != nil)
        try bench.start(job)
        try bench.finish(job, .failed(error: "boom again"))
        let ended = try #require(try bench.store.job(job.id))
        #expect(ended.snapshot == job.published.snapshot)
        #expect(ended.snapshot.completedAt == Bench.now && ended.work == nil)
    }

    @Test(arguments: StoreKind.allCases)
    func `a known key answers the run that it started, in one batch and later, also when the queue is full`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let key = IdempotencyKey(key: Array("k".utf8), sessionID: nil)
        let outcome = try bench.write(submits: [
            bench.submission(bench.job(1), key: key), bench.submission(bench.job(2), key: key, mayEnter: false),
        ])
        #expect(outcome.submits[0].isCreated)
        #expect(outcome.submits[1].existing?.spec.id == JobID(bits: 1))
        let later = try bench.write(submits: [bench.submission(bench.job(3), key: key, mayEnter: false)])
        #expect(later.submits[0].existing?.work == JobWork(prompt: "p"))
        #expect(try bench.store.job(JobID(bits: 2)) == nil)
        #expect(try bench.store.counts().total == 1)
    }

    @Test(arguments: StoreKind.allCases)
    func `keys with and without a session are apart, and a key lives as long as its run`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let keys = [nil, "", "a", "b"].map { IdempotencyKey(key: Array("k".utf8), sessionID: $0) }
        for (index, key) in keys.enumerated() {
            let outcome = try bench.write(submits: [bench.submission(bench.job(UInt64(index)), key: key)])
            #expect(outcome.submits[0].isCreated, "\(key)")
        }
        let job = bench.job(9)
        try bench.create(job, key: IdempotencyKey(key: Array("other".utf8), sessionID: nil))
        _ = job.cancel(now: Bench.now, waiter: bench.answers.waiter())
        try bench.commit(job)
        #expect(try bench.write(deletes: [job.id]).deletes == [true])
        let other = IdempotencyKey(key: Array("other".utf8), sessionID: nil)
        let again = try bench.write(submits: [bench.submission(bench.job(10), key: other)])
        #expect(again.submits[0].isCreated)
    }

    @Test(arguments: StoreKind.allCases)
    func `two keys that differ in one byte are not taken for one`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        // Latin-1 that isn't UTF-8, the text that lossy decoding makes of it, composed and decomposed, and hex that reads like bytes.
        let texts: [[UInt8]] = [
            [0x6D, 0xFC], [0x6D, 0xF6], [0xFC], [0xFC, 0], Array("m\u{FFFD}".utf8), Array("m\u{FC}".utf8), Array("mu\u{308}".utf8),
            Array("6dfc".utf8), Array("6dFC".utf8),
        ]
        let keys = texts.flatMap { text in [nil, "e\u{301}", "\u{E9}"].map { IdempotencyKey(key: text, sessionID: $0) } }
        for (index, key) in keys.enumerated() {
            #expect(try bench.write(submits: [bench.submission(bench.job(UInt64(index)), key: key)]).submits[0].isCreated, "\(key)")
        }
        for (index, key) in keys.enumerated() {
            let again = try bench.write(submits: [bench.submission(bench.job(100), key: key)]).submits[0]
            #expect(again.existing?.spec.id == JobID(bits: UInt64(index)), "\(key)")
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `two sessions that look alike are not listed as one`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        try bench.create(bench.job(1, session: "e\u{301}"))
        try bench.create(bench.job(2, session: "\u{E9}"))
        #expect(try bench.store.list(JobFilter(sessionID: "\u{E9}")).jobs.map(\.spec.id) == [JobID(bits: 2)])
    }

    @Test(arguments: StoreKind.allCases)
    func `a full queue keeps nothing`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let key = IdempotencyKey(key: Array("k".utf8), sessionID: nil)
        #expect(try bench.write(submits: [bench.submission(bench.job(1), key: key, mayEnter: false)]).submits[0].isFull)
        #expect(try bench.store.job(JobID(bits: 1)) == nil)
        #expect(try bench.write(submits: [bench.submission(bench.job(2), key: key)]).submits[0].isCreated)
    }

    @Test(arguments: StoreKind.allCases)
    func `a submit may be repeated unchanged, and an id belongs to one run`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let submission = try bench.submission(bench.job(1))
        #expect(try bench.write(submits: [submission]).submits[0].isCreated)
        #expect(try bench.write(submits: [submission]).submits[0].isCreated)
        #expect(try bench.write(submits: [bench.submission(bench.job(1, session: "other"))]).submits[0].isIDTaken)
        #expect(try bench.store.counts().total == 1)
    }

    @Test(arguments: StoreKind.allCases)
    func `a commit is taken once, by who writes the run now, from where it ends`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let job = try bench.create(bench.job(1))
        _ = job.start(now: Bench.now, waiter: bench.answers.waiter())
        let first = try #require(job.takeCommit())
        #expect(try bench.write(commits: [first]).commits == [.committed(oldest: LogOldest())])
        #expect(try bench.write(commits: [first]).commits == [.committed(oldest: LogOldest())])
        let stored = try #require(try bench.store.job(job.id))
        _ = job.committed(first, .committed(oldest: LogOldest()))
        #expect(stored.head.end == first.end && stored.snapshot == first.snapshot)

        bench.log(job, 1)
        let second = try #require(job.takeCommit())
        #expect(try bench.store.acquire(limit: 10, after: 0).map(\.head) == [LogHead(epoch: 2, end: first.end)])
        #expect(try bench.write(commits: [second]).commits == [.fenced])
        #expect(try bench.store.job(job.id)?.head == LogHead(epoch: 2, end: first.end))

        let unknown = try bench.submission(bench.job(2)).commit
        #expect(try bench.write(commits: [unknown]).commits == [.gone])
    }

    @Test(arguments: StoreKind.allCases)
    func `what has not ended is acquired in order, page by page, under a higher epoch each time`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        for bits in [50, 10, 40, 20, 30] as [UInt64] { try bench.create(bench.job(bits, work: JobWork(prompt: "\(bits)"))) }
        try bench.ended(60)
        let first = try bench.store.acquire(limit: 2, after: 0)
        #expect(first.map(\.spec.id.bits) == [50, 10])
        #expect(first.map { $0.work?.prompt } == ["50", "10"])
        let second = try bench.store.acquire(limit: 2, after: try #require(first.last).order)
        #expect(second.map(\.spec.id.bits) == [40, 20])
        let third = try bench.store.acquire(limit: 2, after: try #require(second.last).order)
        #expect(third.map(\.spec.id.bits) == [30])
        #expect(try bench.store.acquire(limit: 10, after: 0).map(\.head.epoch) == [3, 3, 3, 3, 3])
        // A run taken over is written by its new owner.
        let taken = Job(stored: try bench.store.acquire(limit: 1, after: 0)[0], committer: bench.committer, memory: bench.memory)
        try bench.start(taken)
        #expect(try bench.store.job(taken.id)?.snapshot.status == .running)
    }

    @Test(arguments: StoreKind.allCases)
    func `a result is kept with the run that ended with it`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let result = JobResult(json: Array("{\"a\": \"\u{0}\"}".utf8), isTruncated: true)
        let job = try bench.ended(1, .succeeded(result))
        #expect(try bench.store.result(of: job.id) == result)
        #expect(try bench.store.job(job.id)?.isTruncated == true)
        let empty = JobResult(json: [])
        #expect(try bench.store.result(of: bench.ended(2, .succeeded(empty)).id) == empty)
        #expect(try bench.store.result(of: bench.ended(3, .failed(error: "e")).id) == nil)
    }

    @Test(arguments: StoreKind.allCases)
    func `only what has ended is deleted, and with it all that belongs to it`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let running = try bench.create(bench.job(1))
        let ended = try bench.ended(2, session: "s", .succeeded(JobResult(json: Array("1".utf8))))
        let neighbour = try bench.ended(3, session: "s")
        #expect(try bench.write(deletes: [running.id, ended.id, ended.id, JobID(bits: 4)]).deletes == [false, true, false, false])
        #expect(try bench.store.job(ended.id) == nil)
        #expect(try bench.store.result(of: ended.id) == nil)
        #expect(try bench.store.read(ended.id, from: .offset(0), maxBytes: 1) == nil)
        #expect(try bench.store.read(neighbour.id, from: .offset(0), maxBytes: 1) != nil)
        #expect(try bench.store.list(JobFilter(sessionID: "s")).total == 1)
        #expect(try bench.store.counts()[.succeeded] == 1)
    }

    @Test(arguments: StoreKind.allCases)
    func `pruning takes the runs that ended first, up to its limit, and none that has not ended`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        try bench.create(bench.job(1))
        for (bits, seconds) in [(2, 30), (3, 10), (4, 20), (5, 40)] as [(UInt64, Int)] {
            try bench.ended(bits, at: Bench.now + .seconds(seconds))
        }
        let moment = Bench.now + .seconds(40)
        #expect(try bench.store.prune(endedBefore: moment, limit: 2).map(\.bits) == [3, 4])
        #expect(try bench.store.prune(endedBefore: moment, limit: 2).map(\.bits) == [2])
        #expect(try bench.store.prune(endedBefore: moment, limit: 2).isEmpty)
        #expect(try bench.store.list(JobFilter()).jobs.map(\.spec.id.bits) == [5, 1])
    }
}
