import Jobs
import Testing

@Suite struct JobRegistryTests {
    private func finished(_ number: UInt64, _ committer: TestCommitter) -> Job {
        var snapshot = JobSnapshot()
        snapshot.status = .succeeded
        let spec = JobSpec(
            id: JobID(bits: number), createdAt: Bench.start, sessionID: nil, timeoutSeconds: 60, maxAttempts: 1, webhookURL: nil)
        let stored = StoredJob(
            order: Int64(number), spec: spec, work: nil, snapshot: snapshot, head: LogHead(epoch: 1, end: LogEnd(sequence: 4, offset: 400)),
            oldest: LogOldest())
        return Job(stored: stored, committer: committer, memory: LogMemory(limits: JobLimits()))
    }

    @Test func `finished runs stay only up to the limit, watched and unfinished ones always`() {
        var limits = JobLimits()
        limits.finishedJobs = 3
        let registry = JobRegistry(limits: limits)
        let bench = Bench()
        bench.create()
        #expect(registry.insert(bench.job) === bench.job)
        for number in 1...10 as ClosedRange<UInt64> {
            let job = finished(number, bench.committer)
            if number == 2 { job.log.attach(bench.observer) }
            #expect(registry.insert(job) === job)
        }
        #expect(registry.find(bench.job.id) === bench.job)
        #expect(registry.find(JobID(bits: 2)) != nil)
        #expect(registry.find(JobID(bits: 1)) == nil)
        #expect(registry.count <= 6)
    }

    @Test func `the run that is there wins, and a deleted one does not come back`() {
        let registry = JobRegistry(limits: JobLimits())
        let committer = TestCommitter()
        let first = finished(1, committer)
        #expect(registry.insert(first) === first)
        #expect(registry.insert(finished(1, committer)) === first)
        #expect(registry.remove(first.id) === first)
        #expect(registry.insert(finished(1, committer)) == nil)
        #expect(registry.find(first.id) == nil)
    }

    @Test func `the queue is full when its places and the free slots are taken`() {
        let admission = Admission(maxQueued: 2, maxConcurrent: 1)
        #expect(admission.mayEnter(pending: 2))
        #expect(!admission.mayEnter(pending: 3))
        admission.entered()
        admission.slotTaken()
        #expect(admission.mayEnter())
        admission.entered()
        #expect(!admission.mayEnter())
        admission.left()
        #expect(admission.mayEnter())
    }
}
