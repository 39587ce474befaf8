import Jobs

/// The writer's thread: wait, write, publish.
extension StoreWriter {
    func run() {
        var pace = WriterPace(limits)
        while true {
            switch next(&pace) {
            case .write(let work):
                write(work, &pace)
                pace.note(changes: work.count, limits)
                if pace.retry == nil { rest(after: work, pace) }
            case .idle: break
            case .end: return
            }
            if pace.isPruningDue { prune(&pace) }
        }
    }

    /// Lets changes gather. None of them wakes this thread, which is a good part of what that saves; a submit among them waits as long.
    private func rest(after work: WriterQueue, _ pace: WriterPace) {
        if work.isAwaited {
            // Unless as many have come during the commit as it took: then there is nothing to wait for.
            guard work.count >= limits.commitSiblings, queue.withLock({ $0.count }) < work.count else { return }
            StoreThread.sleep(limits.awaitedCommitRest)
        } else if pace.isBusy {
            StoreThread.sleep(limits.commitRest)
        }
    }

    private enum Turn {
        case write(WriterQueue)
        case idle
        case end
    }

    /// Waits for something to do.
    private func next(_ pace: inout WriterPace) -> Turn {
        if queue.withLock({ $0.isStopping }) { pace.noteStopping(limits) }
        let isFailing = pace.retry != nil
        let turn = queue.wait(timeout: pace.patience) { [limits] queue -> Turn? in
            if queue.isEmpty { return queue.isStopping ? .end : nil }
            guard !isFailing || queue.isPressing else { return nil }
            return .write(queue.take(limits))
        }
        if let turn { return turn }
        guard !pace.mayGiveUp else { return .end }
        let work = queue.withLock { $0.take(limits) }
        return work.isEmpty ? .idle : .write(work)
    }

    // MARK: One transaction

    /// A batch, and whose each part of it is.
    private struct Draft {
        var batch: WriteBatch
        var jobs: [Job] = []
        var submits: [WriterQueue.Submit] = []
        var deletes: [WriterQueue.Delete] = []
        /// Submits that counted on a place in the queue.
        var entering = 0
    }

    private func write(_ work: WriterQueue, _ pace: inout WriterPace) {
        let draft = draft(work)
        guard !draft.batch.isEmpty else { return }
        let begin = ContinuousClock.now
        publication.change { $0 = ($0.number + 1, true) }
        defer { publication.change { $0.isUnderWay = false } }
        do throws(StoreError) {
            let outcome = try store.write(draft.batch)
            measured.withLock { $0.note(draft.batch, took: ContinuousClock.now - begin) }
            succeeded(&pace)
            publish(draft, outcome)
        } catch {
            measured.withLock { $0.failures += 1 }
            failed(draft, error, &pace)
        }
    }

    private func draft(_ work: WriterQueue) -> Draft {
        var draft = Draft(batch: WriteBatch(retainLogBytes: limits.retainLogBytes))
        for submit in work.submits {
            guard let commit = submit.job.takeCommit() else { preconditionFailure("a new run has its first event") }
            let mayEnter = admission.mayEnter(pending: draft.entering)
            if mayEnter { draft.entering += 1 }
            draft.batch.submits.append(
                Submission(spec: submit.job.spec, work: submit.work, key: submit.key, commit: commit, mayEnter: mayEnter))
            draft.submits.append(submit)
        }
        // After a failed commit a run can be in the queue twice.
        var seen = Set<ObjectIdentifier>()
        for job in work.jobs where seen.insert(ObjectIdentifier(job)).inserted {
            guard let commit = job.takeCommit() else { continue }
            draft.batch.commits.append(commit)
            draft.jobs.append(job)
        }
        draft.batch.deletes = work.deletes.map(\.id)
        draft.deletes = work.deletes
        return draft
    }

    // MARK: After it

    private func publish(_ draft: Draft, _ outcome: WriteOutcome) {
        var created: [Job] = []
        var answers: [(waiter: StoreWaiter, answer: StoreAnswer)] = []
        for (index, submit) in draft.submits.enumerated() {
            let answer = publish(submit, draft.batch.submits[index], outcome.submits[index], created: &created, of: draft.entering)
            if let answer { answers.append((submit.waiter, answer)) }
        }
        // All at once: one at a time would wake the control loop for each of a burst. Before any answer: who has one may cancel, and that must
        // not overtake this.
        if !created.isEmpty {
            measured.withLock { $0.submits += created.count }
            starter.jobsCreated(created)
        }
        for (waiter, answer) in answers { waiter.answer(answer) }
        for (index, job) in draft.jobs.enumerated() {
            publish(job, draft.batch.commits[index], outcome.commits[index])
        }
        // A transaction frees only so many bytes; the rest of the deletes is for the next one.
        let left = draft.deletes[outcome.deletes.count...]
        if !left.isEmpty { queue.withLock { $0.deletes.insert(contentsOf: left, at: 0) } }
        for (index, delete) in draft.deletes.prefix(outcome.deletes.count).enumerated() {
            // An ended run that the store doesn't know was deleted by a try whose answer was lost.
            let isDeleted = outcome.deletes[index] || registry.find(delete.id)?.published.snapshot.status.isTerminal == true
            if isDeleted { forget(delete.id) }
            delete.waiter.answer(.deleted(isDeleted))
        }
    }

    /// - Returns: what to tell the submitter; nil when the submit is tried again.
    private func publish(
        _ submit: WriterQueue.Submit, _ submission: Submission, _ outcome: SubmitOutcome, created: inout [Job], of entering: Int
    ) -> StoreAnswer? {
        switch outcome {
        case .created:
            admission.entered()
            RunLog(logger: logger).submitted(submit.job.id, submit.work, from: submit.client)
            _ = submit.job.committed(submission.commit, .committed(oldest: LogOldest()))
            let job = registry.insert(submit.job) ?? submit.job
            created.append(job)
            return .submitted(job, isNew: true)
        case .existing(let stored):
            _ = submit.job.deleted()
            return .submitted(find(stored), isNew: false)
        case .full where !submission.mayEnter && created.count < entering:
            // One before it in this batch turned out to be a repetition and left it its place.
            submit.job.commitFailed()
            let isTaken = queue.change { $0.add(submit) }
            precondition(isTaken, "the queue ends after its thread")
            return nil
        case .full:
            _ = submit.job.deleted()
            return .queueFull
        case .idTaken:
            _ = submit.job.deleted()
            return .idTaken
        }
    }

    private func find(_ stored: StoredJob) -> Job {
        if let job = registry.find(stored.spec.id) { return job }
        let job = Job(stored: stored, committer: self, memory: memory)
        let found = registry.insert(job) ?? job
        // Unfinished runs are in memory. This one isn't: it was submitted by a try whose answer was lost, and nobody has started it.
        if found === job, stored.snapshot.status == .queued {
            admission.entered()
            starter.jobsCreated([job])
        }
        return found
    }

    private func publish(_ job: Job, _ commit: JobCommit, _ outcome: CommitOutcome) {
        let before = job.published.snapshot
        let waiters = job.committed(commit, outcome)
        switch outcome {
        case .committed:
            RunLog(logger: logger).changed(job.id, from: before, to: commit.snapshot, events: commit.end.sequence)
            if commit.snapshot.status.isTerminal { registry.noteEnded(job.id) }
            for waiter in waiters { waiter.answer(.committed) }
        case .fenced, .gone:
            logger.error(
                "Another server took this run over, or it was deleted; its processes are ended here", metadata: ["run": "\(job.id)"])
            registry.release(job.id)
            starter.jobLost(job.id)
            for waiter in waiters { waiter.answer(.failed(.unavailable("the run was taken over or deleted"))) }
        }
    }

    private func forget(_ id: JobID) {
        guard let job = registry.remove(id) else { return }
        for waiter in job.deleted() { waiter.answer(.committed) }
    }

    private func succeeded(_ pace: inout WriterPace) {
        guard pace.retry != nil else { return }
        pace.retry = nil
        healthy.store(true, ordering: .relaxed)
        logger.notice("The database can be written again")
    }

    private func failed(_ draft: Draft, _ error: StoreError, _ pace: inout WriterPace) {
        if pace.retry == nil {
            healthy.store(false, ordering: .relaxed)
            logger.error("The database cannot be written; trying again", metadata: ["error": "\(error)"])
        }
        pace.failed(limits)
        for job in draft.jobs { job.commitFailed() }
        // In front, so that the order in which runs began to wait stays. No wake: it was the writer that failed.
        queue.withLock { $0.jobs.insert(contentsOf: draft.jobs, at: 0) }
        for (index, submit) in draft.submits.enumerated() {
            // By another draw of the same id it would be another run.
            if (try? store.job(submit.job.id))?.spec == submit.job.spec {
                keep(submit, draft.batch.submits[index].commit)
            } else {
                _ = submit.job.deleted()
            }
            submit.waiter.answer(.failed(error))
        }
        for delete in draft.deletes {
            if isDeleted(delete.id) { forget(delete.id) }
            delete.waiter.answer(.failed(error))
        }
    }

    /// Whether a run was deleted although the write threw. False if the store can't say.
    private func isDeleted(_ id: JobID) -> Bool {
        do throws(StoreError) { return try store.job(id) == nil } catch { return false }
    }

    /// A new run was written although its submit failed. It runs; whoever submits it again with the same key gets it.
    private func keep(_ submit: WriterQueue.Submit, _ commit: JobCommit) {
        let job = submit.job
        guard registry.find(job.id) == nil else {
            _ = job.deleted()
            return
        }
        admission.entered()
        RunLog(logger: logger).submitted(job.id, submit.work, from: submit.client)
        _ = job.committed(commit, .committed(oldest: LogOldest()))
        starter.jobsCreated([registry.insert(job) ?? job])
    }

    // MARK: Retention

    private func prune(_ pace: inout WriterPace) {
        guard let retain = limits.retain else { return }
        guard mayPrune() else { return pace.pruned(0, took: .zero, limits) }
        let begin = ContinuousClock.now
        do throws(StoreError) {
            let ids = try store.prune(endedBefore: clock() + (.zero - retain), limit: limits.pruneRuns)
            for id in ids { forget(id) }
            if !ids.isEmpty { measured.withLock { $0.pruned += ids.count } }
            pace.pruned(ids.count, took: ContinuousClock.now - begin, limits)
        } catch {
            logger.warning("Old runs could not be deleted", metadata: ["error": "\(error)"])
            pace.pruned(0, took: .zero, limits)
        }
    }
}
