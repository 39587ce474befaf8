import Locking
import Synchronization

/// One run: its state machine, its log's appending end, and who waits for its commits. Shared by all threads, everything that changes is under its own lock.
///
/// Two ends are apart: what has *happened* (the pending snapshot and the appended end of the log) and what is *published* (what a client may see).
/// The store's writer takes everything between the two (`takeCommit`), commits it, and only then moves the published end (`committed`): what anybody
/// has seen, a restart cannot take back.
package final class Job: Sendable {
    package let spec: JobSpec
    package let log: EventLog
    private let committer: any JobCommitter
    private let memory: LogMemory
    let state: Lock<JobState>
    private let publishedState: Lock<PublishedState>
    private let terminalSeen = Atomic<Bool>(false)

    package var id: JobID { spec.id }

    /// A new run: queued, event 1 appended, nothing published. `StoreWriter.submit` brings it to the store.
    package init(spec: JobSpec, work: JobWork, committer: any JobCommitter, memory: LogMemory) {
        self.spec = spec
        self.committer = committer
        self.memory = memory
        log = EventLog(id: spec.id, end: LogEnd(), oldest: LogOldest(), progress: [], ending: nil, isResumed: false)
        var first = JobState(
            snapshot: JobSnapshot(), tail: LogTail(end: LogEnd(), memory: memory), committed: LogHead(epoch: 1, end: LogEnd()), work: work)
        first.isEnqueued = true  // its first commit is the submit's
        first.reportQueued()
        publishedState = Lock(PublishedState(snapshot: first.snapshot))
        state = Lock(first)
    }

    /// A run as the store has it, published.
    ///
    /// `afterPowerCut`: whether its last events may have been seen and lost; then an unfinished run's numbering jumps.
    package init(stored: StoredJob, afterPowerCut: Bool = false, committer: any JobCommitter, memory: LogMemory) {
        spec = stored.spec
        self.committer = committer
        self.memory = memory
        let isTerminal = stored.snapshot.status.isTerminal
        var tail = LogTail(end: stored.head.end, memory: memory)
        if afterPowerCut && !isTerminal { tail.jumpAfterPowerCut() }
        log = EventLog(
            id: stored.spec.id, end: stored.head.end, oldest: stored.oldest, progress: JobEvent.progress(stored.snapshot.progress),
            ending: isTerminal ? .done : nil, isResumed: true)
        publishedState = Lock(PublishedState(snapshot: stored.snapshot, isTruncated: stored.isTruncated))
        state = Lock(JobState(snapshot: stored.snapshot, tail: tail, committed: stored.head, work: stored.work, oldest: stored.oldest))
    }

    // MARK: Any thread

    /// What clients may see. One short lock.
    package var published: PublishedState { publishedState.withLock { $0 } }

    /// The status call's answer, rendered by the first who asks after a change. One short lock.
    package var statusBody: StatusBody {
        publishedState.withLock { state in
            if let body = state.body { return body }
            let body = StatusBody(spec, state.snapshot)
            state.body = body
            return body
        }
    }

    /// What the runner is to do; nil once the run has ended.
    package var work: JobWork? { state.withLock { $0.work } }

    /// Bytes of log that wait for their commit.
    package var unpublishedBytes: Int { state.withLock { $0.tail.end.offset - $0.committed.end.offset } }

    /// Whether a GET of status or result has told somebody that the run has ended. In memory only.
    package var wasSeenTerminal: Bool { terminalSeen.load(ordering: .relaxed) }
    package func markSeenTerminal() { terminalSeen.store(true, ordering: .relaxed) }

    /// Answers `waiter` with `.committed` when everything that has happened so far is; at once if it is.
    package func whenCommitted(_ waiter: StoreWaiter) {
        let isWaiting = state.withLock { $0.wait(waiter) }
        if !isWaiting { waiter.answer(.committed) }
    }

    /// Runs a change under the lock and hands the job to the writer if that made anything to commit.
    func change<Outcome>(_ body: (inout JobState) -> Outcome) -> Outcome {
        let (outcome, isNew) = state.withLock { state -> (Outcome, Bool) in
            let outcome = body(&state)
            guard state.hasUncommitted, !state.isEnqueued else { return (outcome, false) }
            state.isEnqueued = true
            return (outcome, true)
        }
        if isNew { committer.enqueue(self) }
        return outcome
    }

    // MARK: The writer's thread

    /// Takes everything between the committed and the appended end; nil when there is nothing. One commit of a job at a time is under way.
    package func takeCommit() -> JobCommit? {
        state.withLock { $0.takeCommit(id: spec.id) }
    }

    /// Publishes what a commit wrote: first the snapshot, then the head; then wakes the log's observers.
    ///
    /// - Returns: those whose wait is over; the caller answers them.
    package func committed(_ commit: JobCommit, _ outcome: CommitOutcome) -> [StoreWaiter] {
        switch outcome {
        case .committed: break
        case .fenced, .gone: return lost()
        }
        let step = state.withLock { $0.committed(commit, outcome, memory: memory) }
        memory.unpublished.subtract(commit.end.offset - commit.expected.end.offset, ordering: .relaxed)
        let previous = published
        if previous.snapshot != commit.snapshot || commit.result != nil {
            let isTruncated = commit.result?.isTruncated ?? previous.isTruncated
            publishedState.withLock { $0 = PublishedState(snapshot: commit.snapshot, isTruncated: isTruncated) }
        }
        log.publish(step.view, oldest: step.oldest, progress: step.progress)
        return step.waiters
    }

    /// A commit did not happen: it will be taken again, as it is or larger. The caller keeps the job in its queue.
    package func commitFailed() {
        state.withLock { $0.isEnqueued = true }
    }

    /// The run was deleted: its streams are cut and whoever waits goes on.
    package func deleted() -> [StoreWaiter] { lost() }

    /// The run is gone from here: deleted, or another server writes it now. Its streams end without `[DONE]`, so that their viewers come back.
    private func lost() -> [StoreWaiter] {
        log.cut()
        return abandon()
    }

    private func abandon() -> [StoreWaiter] {
        let (waiters, unpublished) = state.withLock { state in
            defer { state.abandon() }
            return (state.waiters.map(\.waiter), state.tail.end.offset - state.committed.end.offset)
        }
        memory.unpublished.subtract(unpublished, ordering: .relaxed)
        return waiters
    }
}

/// What clients may see of a run.
package struct PublishedState: Sendable {
    package let snapshot: JobSnapshot
    /// Whether a plain-text result was cut at its limit.
    package let isTruncated: Bool
    /// `Job.statusBody`, once it was asked for.
    fileprivate var body: StatusBody?

    init(snapshot: JobSnapshot, isTruncated: Bool = false) {
        self.snapshot = snapshot
        self.isTruncated = isTruncated
    }
}
