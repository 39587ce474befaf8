import Dispatch
import Jobs
import Storage
import Testing

@Suite struct StoreWriterTests {
    @Test func `a submit is answered once its run is in the store, in the registry and published`() throws {
        let service = try Service()
        service.submit(1)
        let (job, isNew) = try service.answers.submitted()
        #expect(isNew && job.id == JobID(bits: 1))
        #expect(service.registry.find(job.id) === job)
        #expect(job.log.view().lastSequence == 1)
        #expect(try service.store.job(job.id) != nil)
        #expect(service.starter.created == [job.id])
        #expect(service.admission.waiting == 1)
        #expect(job.unpublishedBytes == 0 && service.memory.unpublished.load(ordering: .relaxed) == 0)
    }

    @Test func `nothing is seen before its commit, and what gathers meanwhile is one transaction`() throws {
        let service = try Service()
        let jobs = try (1...20).map { try service.created(UInt64($0)) }
        let before = service.store.batches.count
        service.store.hold()
        _ = jobs[0].start(now: Bench.now, waiter: service.answers.waiter(100))
        service.store.awaitEntry()
        for (index, job) in jobs.enumerated().dropFirst() {
            _ = job.start(now: Bench.now, waiter: service.answers.waiter(UInt64(100 + index)))
        }
        #expect(jobs.allSatisfy { $0.published.snapshot.status == .queued && $0.log.view().lastSequence == 1 })
        #expect(service.answers.count == 0)
        service.store.release()
        for _ in jobs { _ = try service.answers.next() }
        #expect(jobs.allSatisfy { $0.published.snapshot.status == .running && $0.log.view().lastSequence == 2 })
        #expect(service.store.batches.dropFirst(before).map(\.commits.count) == [1, 19])
        #expect(service.writer.metrics.changes == 20)
    }

    @Test func `after a commit of many changes the writer rests, and what comes meanwhile is one commit`() throws {
        var limits = Service.quickLimits
        limits.commitSiblings = 2
        limits.awaitedCommitRest = .milliseconds(500)
        let service = try Service(limits: limits)
        service.store.hold()
        service.submit(1)
        service.store.awaitEntry()
        for bits in 2...3 as ClosedRange<UInt64> { service.submit(bits) }
        service.store.release()
        for _ in 1...3 { _ = try service.answers.submitted() }
        for bits in 4...9 as ClosedRange<UInt64> { service.submit(bits) }
        for _ in 4...9 { _ = try service.answers.submitted() }
        #expect(service.store.batches.map(\.submits.count) == [1, 2, 6])
    }

    @Test func `after many changes in a short time the writer rests, and the changes of many runs are one commit`() throws {
        var limits = Service.quickLimits
        limits.busyChanges = 6
        limits.busyWindow = .seconds(10)
        limits.commitRest = .milliseconds(500)
        let service = try Service(limits: limits)
        let jobs = try (1...6).map { try service.created($0) }
        let before = service.store.batches.count
        _ = jobs[0].start(now: Bench.now, waiter: service.answers.waiter(0))
        _ = try service.answers.next()
        for job in jobs.dropFirst() { _ = job.start(now: Bench.now, waiter: service.answers.waiter(1)) }
        for _ in jobs.dropFirst() { _ = try service.answers.next() }
        #expect(service.store.batches.dropFirst(before).map(\.commits.count) == [1, 5])
    }

    @Test func `fifty submits with one key make one run`() throws {
        let directory = try TemporaryDirectory()
        let service = try Service(TestStore(SQLiteStore(path: directory.file("runs.db"), bootID: "boot")))
        DispatchQueue.concurrentPerform(iterations: 50) { service.submit(UInt64($0 + 1), key: "k") }
        let answers = try (0..<50).map { _ in try service.answers.submitted() }
        #expect(answers.filter(\.isNew).count == 1)
        #expect(Set(answers.map { ObjectIdentifier($0.job) }).count == 1)
        #expect(try service.store.counts().total == 1)
        #expect(service.starter.created.count == 1 && service.admission.waiting == 1)
        #expect(service.memory.unpublished.load(ordering: .relaxed) == 0)
    }

    @Test func `the queue takes as many runs as it has room for, within one batch too`() throws {
        let service = try Service(maxQueued: 3)
        service.store.hold()
        service.submit(1)
        service.store.awaitEntry()
        // One batch: two repetitions, which need no room, and three new runs, of which two find some.
        for bits in 2...3 as ClosedRange<UInt64> { service.submit(bits, key: bits == 2 ? "k" : "k") }
        for bits in 4...6 as ClosedRange<UInt64> { service.submit(bits) }
        service.store.release()
        var outcomes: [UInt64: String] = [:]
        for _ in 1...6 {
            let (ticket, answer) = try service.answers.next()
            outcomes[ticket] =
                switch answer {
                case .submitted(_, let isNew): isNew ? "new" : "known"
                case .queueFull: "full"
                default: "\(answer)"
                }
        }
        #expect(outcomes == [1: "new", 2: "new", 3: "known", 4: "new", 5: "full", 6: "full"])
        #expect(service.admission.waiting == 3)
        service.submit(7, key: "k")
        #expect(try service.answers.submitted().job.id == JobID(bits: 2))
    }

    @Test func `when the store fails, submits and deletes are answered, changes stay and are published when it works again`() throws {
        let service = try Service()
        let job = try service.created(1)
        let ended = try service.ended(2)
        service.store.fail(.unavailable("disk full"))
        _ = job.start(now: Bench.now, waiter: service.answers.waiter(10))
        service.submit(3)
        service.writer.delete(ended.id, waiter: service.answers.waiter(4))
        for _ in 0..<2 {
            guard case .failed(.unavailable("disk full")) = try service.answers.next().answer else { throw Answers.Unexpected() }
        }
        #expect(!service.writer.isHealthy)
        #expect(service.registry.find(JobID(bits: 3)) == nil && service.registry.find(ended.id) != nil)
        #expect(job.published.snapshot.status == .queued && job.unpublishedBytes > 0)
        // A change on top of the one that failed.
        _ = job.cancel(now: Bench.now, waiter: service.answers.waiter(11))
        #expect(job.log.view().lastSequence == 1)
        service.store.fail(nil)
        #expect(try Set([service.answers.next().ticket, service.answers.next().ticket]) == [10, 11])
        #expect(service.writer.isHealthy)
        #expect(job.published.snapshot.status == .cancelled && job.log.view().lastSequence == 4)
        #expect(try service.store.job(JobID(bits: 3)) == nil)
        #expect(service.writer.metrics.failures > 0)
        #expect(service.memory.unpublished.load(ordering: .relaxed) == 0)
        #expect(try service.created(3).id == JobID(bits: 3))
    }

    @Test func `a deleted run's streams are cut and it is forgotten`() throws {
        let service = try Service()
        let job = try service.ended(1)
        let queued = try service.created(2)
        for (id, isDeleted) in [(job.id, true), (job.id, false), (queued.id, false), (JobID(bits: 3), false)] {
            service.writer.delete(id, waiter: service.answers.waiter())
            guard case .deleted(isDeleted) = try service.answers.next().answer else { throw Answers.Unexpected() }
        }
        #expect(job.log.view().ending == .cut)
        #expect(service.registry.find(job.id) == nil && service.registry.find(queued.id) != nil)
    }

    @Test func `a batch has its bounds, and the rest comes in the next`() throws {
        var limits = Service.quickLimits
        limits.batchSubmits = 3
        limits.batchJobs = 2
        limits.batchDeletes = 1
        let service = try Service(limits: limits)
        let jobs = try (1...5).map { try service.ended(UInt64($0)) }
        let live = try (6...10).map { try service.created(UInt64($0)) }
        service.store.hold()
        service.submit(20)
        service.store.awaitEntry()
        for bits in 21...27 as ClosedRange<UInt64> { service.submit(bits) }
        for job in live { _ = job.cancel(now: Bench.now, waiter: service.answers.waiter()) }
        for job in jobs.prefix(2) { service.writer.delete(job.id, waiter: service.answers.waiter()) }
        let before = service.store.batches.count
        service.store.release()
        for _ in 0..<15 { _ = try service.answers.next() }
        let batches = service.store.batches.dropFirst(before)
        #expect(batches.map(\.submits.count) == [3, 3, 1])
        #expect(batches.map(\.commits.count) == [2, 2, 1])
        #expect(batches.map(\.deletes.count) == [1, 1, 0])
    }

    @Test func `the end writes everything that was enqueued, and what comes later is refused`() throws {
        let service = try Service()
        let jobs = try (1...50).map { try service.created(UInt64($0)) }
        for job in jobs { _ = job.start(now: Bench.now, waiter: service.answers.waiter()) }
        service.submit(60)
        service.writer.stop()
        #expect(service.answers.count == 51)
        #expect(try service.store.counts()[.running] == 50)
        service.submit(61)
        service.writer.delete(JobID(bits: 1), waiter: service.answers.waiter(62))
        #expect(service.answers.count == 53)
        #expect(try service.store.job(JobID(bits: 61)) == nil)
    }

    @Test func `a store that fails holds up the end no longer than it may`() throws {
        let service = try Service()
        let job = try service.created(1)
        service.store.fail(.unavailable("disk full"))
        _ = job.start(now: Bench.now, waiter: service.answers.waiter())
        service.writer.stop()
        #expect(job.published.snapshot.status == .queued)
        #expect(service.writer.metrics.failures > 0)
    }

    @Test func `runs over their age are deleted when the writer has nothing else to do`() throws {
        var limits = Service.quickLimits
        limits.retain = .seconds(-1)
        limits.pruneInterval = .milliseconds(1)
        let service = try Service(limits: limits)
        let young = try service.created(1)
        let old = try service.ended(2)
        service.store.awaitPruning()
        // The writer's answer to the next submit comes after what follows the pruning.
        _ = try service.created(3)
        #expect(service.registry.find(old.id) == nil && old.log.view().ending == .cut)
        #expect(try service.store.job(old.id) == nil && service.store.job(young.id) != nil)
        #expect(service.writer.metrics.pruned == 1)
    }
}
