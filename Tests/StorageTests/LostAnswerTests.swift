import Jobs
import Storage
import Testing

/// A write that was done and then threw: the writer doesn't know, and must neither lose nor double anything.
@Suite struct LostAnswerTests {
    private let lost = StoreError.unavailable("the answer is lost")

    @Test(arguments: StoreKind.allCases)
    func `a commit whose answer was lost and that has grown meanwhile is not a stale writer's`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let job = try bench.create(bench.job(1))
        try bench.start(job)
        // Row by row, and merged with rows that are there.
        for bytes in [40, 4_000, 40, 300_000] {
            bench.log(job, 3, bytes: bytes)
            let first = try #require(job.takeCommit())
            _ = try bench.write(commits: [first])
            job.commitFailed()
            bench.log(job, 2, bytes: bytes)
            let grown = try #require(job.takeCommit())
            #expect(grown.expected == first.expected && grown.end.sequence == first.end.sequence + 2)
            let outcome = try bench.write(commits: [grown]).commits[0]
            #expect(outcome == .committed(oldest: LogOldest()))
            _ = job.committed(grown, outcome)
        }
        try bench.finish(job)
        let frames = try #require(try bench.store.read(job.id, from: .offset(0), maxBytes: .max))
        #expect(frames.bytes.count == job.log.view().head)
        #expect(try bench.store.job(job.id)?.head.end.sequence == job.log.view().lastSequence)
    }

    @Test func `no commit of many runs is lost or doubled in the journal when its answer is`() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(path: directory.file("runs.db"), bootID: "boot")
        let runs = try Runs(store, directory, count: 6)
        for _ in 0..<40 {
            let first = try runs.take(events: 2)
            var batch = WriteBatch(retainLogBytes: .max)
            batch.commits = first
            _ = try store.write(batch)
            for job in runs.jobs { job.commitFailed() }
            try runs.report(events: 1)
        }
        try runs.areWhole(store)
    }

    @Test(arguments: StoreKind.allCases)
    func `a commit whose answer was lost brings a later snapshot along, though no event came`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let job = try bench.create(bench.job(1))
        _ = job.start(now: Bench.now, waiter: bench.answers.waiter())
        let first = try #require(job.takeCommit())
        _ = try bench.write(commits: [first])
        job.commitFailed()
        _ = job.cancel(now: Bench.now, waiter: bench.answers.waiter())
        try bench.commit(job)
        #expect(try bench.store.job(job.id)?.snapshot.status == .cancelled)
        #expect(try bench.store.counts()[.running] == 0 && bench.store.counts()[.cancelled] == 1)
    }

    @Test func `a run goes on when the answer to a commit of its was lost`() throws {
        let service = try Service()
        let job = try service.created(1)
        service.store.loseAnswers(lost)
        _ = job.start(now: Bench.now, waiter: service.answers.waiter(10))
        _ = job.cancel(now: Bench.now, waiter: service.answers.waiter(11))
        service.submit(2)
        guard case .failed = try service.answers.next().answer else { throw Answers.Unexpected() }
        service.store.loseAnswers(nil)
        #expect(try Set([service.answers.next().ticket, service.answers.next().ticket]) == [10, 11])
        #expect(job.published.snapshot.status == .cancelled && job.log.view().ending == .done)
        #expect(service.starter.lost.isEmpty)
    }

    @Test func `no submit whose answer was lost leaves a run that nobody starts`() throws {
        let service = try Service()
        service.store.loseAnswers(lost)
        service.submit(1, key: "k")
        guard case .failed(lost) = try service.answers.next().answer else { throw Answers.Unexpected() }
        #expect(service.starter.created == [JobID(bits: 1)])
        #expect(service.admission.waiting == 1)
        service.store.loseAnswers(nil)
        service.submit(2, key: "k")
        let (job, isNew) = try service.answers.submitted()
        #expect(job.id == JobID(bits: 1) && !isNew)
        #expect(service.registry.find(job.id) === job && job.log.view().lastSequence == 1)
        #expect(service.starter.created == [job.id])
        #expect(service.memory.unpublished.load(ordering: .relaxed) == 0)
    }

    @Test func `no run stays in memory when the answer to its deletion was lost`() throws {
        let service = try Service()
        let job = try service.ended(1)
        service.store.loseAnswers(lost)
        service.writer.delete(job.id, waiter: service.answers.waiter())
        guard case .failed(lost) = try service.answers.next().answer else { throw Answers.Unexpected() }
        #expect(service.registry.find(job.id) == nil && job.log.view().ending == .cut)
    }

    @Test func `a run that was pruned by a try whose answer was lost can be deleted`() throws {
        let service = try Service()
        let job = try service.ended(1)
        _ = try service.store.inner.prune(endedBefore: Bench.now + .seconds(1), limit: 10)
        #expect(service.registry.find(job.id) === job)
        service.writer.delete(job.id, waiter: service.answers.waiter())
        guard case .deleted(true) = try service.answers.next().answer else { throw Answers.Unexpected() }
        #expect(service.registry.find(job.id) == nil)
    }

    @Test func `runs whose acquiring was written and not answered are acquired by the next try`() throws {
        let service = try Service()
        _ = try service.created(1)
        service.store.loseAnswers(lost)
        #expect(throws: lost) { try service.store.acquire(limit: 10, after: 0) }
        service.store.loseAnswers(nil)
        #expect(try service.store.acquire(limit: 10, after: 0).map(\.head.epoch) == [3])
    }

    @Test func `a run that was taken over does not go on here`() throws {
        let service = try Service()
        let job = try service.created(1)
        // Another server takes it.
        _ = try service.store.inner.acquire(limit: 10, after: 0)
        _ = job.cancel(now: Bench.now, waiter: service.answers.waiter(7))
        guard case (7, .failed) = try service.answers.next() else { throw Answers.Unexpected() }
        // Its processes are ended, its viewers come back, and it isn't kept as this server's.
        #expect(service.starter.lost == [job.id])
        #expect(job.log.view().ending == .cut)
        #expect(job.published.snapshot.status == .queued)
        #expect(service.registry.find(job.id) == nil)
        #expect(try service.store.job(job.id)?.snapshot.status == .queued)
    }

    @Test func `no transaction deletes more log than it should, and every deletion is answered`() throws {
        let directory = try TemporaryDirectory()
        var limits = Service.quickLimits
        limits.deleteBytes = 100
        let service = try Service(
            TestStore(SQLiteStore(path: directory.file("runs.db"), bootID: "boot", limits: limits)), limits: limits)
        let jobs = try (1...5).map { try service.ended(UInt64($0)) }
        service.store.hold()
        service.submit(20)
        service.store.awaitEntry()
        for job in jobs { service.writer.delete(job.id, waiter: service.answers.waiter()) }
        let before = service.store.batches.count
        service.store.release()
        _ = try service.answers.submitted()
        for _ in jobs {
            guard case .deleted(true) = try service.answers.next().answer else { throw Answers.Unexpected() }
        }
        #expect(service.store.batches.dropFirst(before).map(\.deletes.count) == [5, 4, 3, 2, 1])
        #expect(try service.store.counts().total == 1)
    }

    @Test func `a look-up of a run that is unfinished and not in memory does not hold a reader`() throws {
        let service = try Service()
        let job = try service.created(1)
        _ = try service.store.inner.acquire(limit: 10, after: 0)
        _ = job.cancel(now: Bench.now, waiter: service.answers.waiter())
        _ = try service.answers.next()
        service.readers.loadJob(job.id, waiter: service.answers.waiter())
        guard case .failed = try service.answers.next().answer else { throw Answers.Unexpected() }
        #expect(service.store.lookups <= 2)
    }
}
