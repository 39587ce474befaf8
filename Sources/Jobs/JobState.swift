/// A job's changing part, under its lock: what has happened, and how far the store has it.
struct JobState {
    /// What has happened, committed or not.
    var snapshot: JobSnapshot
    var tail: LogTail
    /// What the store has.
    var committed: LogHead
    var work: JobWork?
    /// The result, or the failure, that the next commit brings to the store.
    var result: JobResult?
    var oldest: LogOldest
    /// Grows with each change; a waiter waits for the revision of its own.
    private(set) var revision: UInt64 = 0
    private var committedRevision: UInt64 = 0
    /// Whether the writer has the job in its queue.
    var isEnqueued = false
    /// Whether something uncommitted must be on disk before it is shown.
    private var isDurable = false
    private(set) var waiters: [(revision: UInt64, waiter: StoreWaiter)] = []
    /// The newest `progress` envelope, and the one that the commit under way brings.
    private var progress: [UInt8]?
    private var progressUnderWay: [UInt8]?

    init(snapshot: JobSnapshot, tail: LogTail, committed: LogHead, work: JobWork?, oldest: LogOldest = LogOldest()) {
        self.snapshot = snapshot
        self.tail = tail
        self.committed = committed
        self.work = work
        self.oldest = oldest
    }

    var hasUncommitted: Bool { revision > committedRevision }

    // MARK: Changes

    /// Appends an event of the server's own, or changes the snapshot alone.
    mutating func append(_ envelope: [UInt8]) {
        tail.append(envelope)
        revision += 1
    }

    /// Appends a `progress` event and folds it into the snapshot.
    mutating func report(_ value: JobProgress) { report(value, JobEvent.progress(value)) }

    /// Event 1, the same for every run.
    mutating func reportQueued() { report(Self.queued, Self.queuedEvent) }

    private static let queued = JobProgress(currentStep: "\"Queued\"")
    private static let queuedEvent = JobEvent.progress(queued)

    private mutating func report(_ value: JobProgress, _ envelope: [UInt8]) {
        append(envelope)
        snapshot.progress = value
        progress = envelope
    }

    /// Numbers a runner's events and folds them.
    mutating func append(_ batch: EventBatch) {
        unsafe batch.bytes.withUnsafeBytes { bytes in
            for index in 0..<batch.count {
                unsafe tail.append(UnsafeRawBufferPointer(rebasing: bytes[batch.range(index)]))
            }
        }
        if let latest = batch.progress {
            snapshot.progress = latest.value
            progress = Array(batch.bytes[batch.range(latest.index)])
        }
        revision += 1
    }

    /// Ends the run: exactly one `complete`, then `[DONE]`.
    mutating func end(_ status: JobStatus, id: JobID, error: String?, now: Timestamp) {
        precondition(snapshot.status.mayBecome(status))
        snapshot.status = status
        snapshot.completedAt = now
        snapshot.error = error
        snapshot.nextAt = nil
        append(JobEvent.complete(status, id: id, error: status == .failed ? error : nil))
        append(EventFrame.done)
        work = nil
        isDurable = true
    }

    // MARK: Waiting

    /// - Returns: false when there is nothing to wait for.
    mutating func wait(_ waiter: StoreWaiter) -> Bool {
        guard hasUncommitted else { return false }
        waiters.append((revision, waiter))
        return true
    }

    // MARK: Commits

    mutating func takeCommit(id: JobID) -> JobCommit? {
        isEnqueued = false
        guard hasUncommitted else { return nil }
        progressUnderWay = progress
        return JobCommit(
            id: id, expected: committed, end: tail.end, firstSequence: tail.firstSequence(after: committed.end),
            frames: tail.slices(after: committed.end.offset), snapshot: snapshot, result: result, isDurable: isDurable,
            revision: revision)
    }

    struct Publication {
        let view: LogView
        let oldest: LogOldest
        let progress: [UInt8]?
        let waiters: [StoreWaiter]
    }

    mutating func committed(_ commit: JobCommit, _ outcome: CommitOutcome, memory: LogMemory) -> Publication {
        committed.end = commit.end
        committedRevision = commit.revision
        if case .committed(let oldest) = outcome { self.oldest = oldest }
        if commit.result != nil { result = nil }
        if !hasUncommitted { isDurable = false }
        tail.trim(committed: committed.end, limitBytes: memory.isFull ? 0 : memory.limits.tailBytes)
        let segments = tail.segments.filter { $0.startOffset < commit.end.offset }
        let ended = commit.snapshot.status.isTerminal
        let view = LogView(
            segments: segments, start: segments.first?.startOffset ?? commit.end.offset, head: commit.end.offset,
            lastSequence: commit.end.sequence, ending: ended ? .done : nil)
        if ended { tail.releaseSegments() }
        let satisfied = waiters.filter { $0.revision <= commit.revision }.map(\.waiter)
        waiters.removeAll { $0.revision <= commit.revision }
        return Publication(view: view, oldest: oldest, progress: progressUnderWay, waiters: satisfied)
    }

    /// Nothing of this job will be committed any more.
    mutating func abandon() {
        waiters = []
        committedRevision = revision
        committed.end = tail.end
        work = nil
        result = nil
        tail.releaseSegments()
    }
}
