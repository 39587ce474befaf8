/// Where runs are kept. Blocking and batched; `StoreWriter` calls the first part from its one thread, `StoreReaders` the second from a few.
///
/// Ids come from the caller and the store only compares them, so that a stale writer is fenced out and a commit that got no answer can be repeated unchanged.
package protocol JobStore: AnyObject, Sendable {
    // MARK: The writer's thread

    /// Runs one transaction: submits, then commits, then deletes. Synced to disk before it returns when any of them asks for it.
    ///
    /// - Throws: when nothing of the batch was written.
    func write(_ batch: WriteBatch) throws(StoreError) -> WriteOutcome

    /// Takes every run that has not ended, oldest first, raising each one's epoch: a server's first call after start (recovery is this same call), `limit` at a time, ids greater than `after` in order of creation.
    func acquire(limit: Int, after: Int64) throws(StoreError) -> [StoredJob]

    /// Deletes runs that ended before `moment`, at most `limit`, and says which.
    func prune(endedBefore moment: Timestamp, limit: Int) throws(StoreError) -> [JobID]

    // MARK: Any thread

    func job(_ id: JobID) throws(StoreError) -> StoredJob?
    /// A succeeded run's result, or a failed one's failure (`JobFailure`, as JSON); nil when the run is unknown or has none.
    func result(of id: JobID) throws(StoreError) -> JobResult?
    func list(_ filter: JobFilter) throws(StoreError) -> JobPage
    /// Reads frames from `address` on, at least one and at most about `maxBytes`; nil when the run is unknown or nothing is kept at or after it.
    func read(_ id: JobID, from address: LogAddress, maxBytes: Int) throws(StoreError) -> StoredFrames?
    /// How many runs there are by status.
    func counts() throws(StoreError) -> JobCounts
}

/// Why the store could not do something.
package enum StoreError: Error, Equatable {
    /// Disk full, I/O error, locked: worth trying again.
    case unavailable(String)
    /// The database is from a newer version of this program.
    case newerSchema(found: Int, known: Int)
    /// Another server has it open.
    case inUse(path: String)
    /// Not a database, or damaged.
    case damaged(String)
}

/// One transaction's worth of changes.
package struct WriteBatch: Sendable {
    package var submits: [Submission] = []
    package var commits: [JobCommit] = []
    package var deletes: [JobID] = []
    /// Bytes of log that a run may keep; a commit that leaves more behind trims its oldest frames.
    package var retainLogBytes: Int

    package init(retainLogBytes: Int) {
        self.retainLogBytes = retainLogBytes
    }

    package var isEmpty: Bool { submits.isEmpty && commits.isEmpty && deletes.isEmpty }
}

/// A new run and its first events.
package struct Submission: Sendable {
    package let spec: JobSpec
    package let work: JobWork
    package let key: IdempotencyKey?
    /// The run's first commit: event 1 and the queued snapshot.
    package let commit: JobCommit
    /// Whether the queue has room for it (asked after the key was looked up: a known key is answered also when the queue is full).
    package let mayEnter: Bool

    package init(spec: JobSpec, work: JobWork, key: IdempotencyKey?, commit: JobCommit, mayEnter: Bool) {
        self.spec = spec
        self.work = work
        self.key = key
        self.commit = commit
        self.mayEnter = mayEnter
    }
}

/// All that happened to one run since its last commit. Atomic per run.
package struct JobCommit: Sendable {
    package let id: JobID
    /// What the store must still hold for this commit to be taken.
    package let expected: LogHead
    /// The end after it. Equal to `expected.end` when only the snapshot changed.
    package let end: LogEnd
    /// The sequence number of the first frame in `frames`. Not `expected.end.sequence + 1` after a hole (a power cut).
    package let firstSequence: UInt64
    /// The frames between the two ends, whole, in order.
    package let frames: [LogSlice]
    package let snapshot: JobSnapshot
    /// Set by the commit that ends a run with a result, or with a failure of which more is known than the error.
    package let result: JobResult?
    /// Whether it must be on disk (synchronous=FULL) before it is answered: submits and terminal states.
    package let isDurable: Bool
    /// Grows with each change of the run; says which waiters a commit satisfies.
    package let revision: UInt64
}

/// How a log ends: the last sequence number and the offset behind its frame.
package struct LogEnd: Sendable, Equatable {
    package var sequence: UInt64
    package var offset: Int

    package init(sequence: UInt64 = 0, offset: Int = 0) {
        self.sequence = sequence
        self.offset = offset
    }
}

/// What a commit compares: who writes, and from where.
package struct LogHead: Sendable, Equatable {
    package var epoch: UInt64
    package var end: LogEnd

    package init(epoch: UInt64, end: LogEnd) {
        self.epoch = epoch
        self.end = end
    }
}

package struct WriteOutcome: Sendable {
    /// One for each submit of the batch, in order.
    package var submits: [SubmitOutcome] = []
    /// One for each commit of the batch, in order.
    package var commits: [CommitOutcome] = []
    /// In the order of the batch: false if the run is unknown or has not ended. There may be fewer than in the batch, at least one, if the
    /// first ones freed as much as one transaction should; the rest is left undone.
    package var deletes: [Bool] = []

    package init() {}
}

package enum SubmitOutcome: Sendable {
    case created
    /// The key is known: the run that it started.
    case existing(StoredJob)
    /// The queue has no room; nothing was kept.
    case full
    /// Another run has this id; nothing was kept. Draw another id and submit again.
    case idTaken
}

/// What became of a commit.
package enum CommitOutcome: Sendable, Equatable {
    /// It is written, now or by an earlier try whose answer was lost. `oldest` is the first frame that the log still keeps.
    case committed(oldest: LogOldest)
    /// Somebody with a newer epoch writes this run now.
    case fenced
    /// The run was deleted.
    case gone
}

/// The first frame that a log still keeps.
package struct LogOldest: Sendable, Equatable {
    package var sequence: UInt64
    package var offset: Int

    package init(sequence: UInt64 = 1, offset: Int = 0) {
        self.sequence = sequence
        self.offset = offset
    }
}

/// A run as the store has it.
package struct StoredJob: Sendable {
    /// Order of creation, dense enough for paging; the store's own.
    package var order: Int64
    package var spec: JobSpec
    /// Only for runs that have not ended.
    package var work: JobWork?
    package var snapshot: JobSnapshot
    package var head: LogHead
    package var oldest: LogOldest
    package var isTruncated: Bool

    package init(
        order: Int64, spec: JobSpec, work: JobWork?, snapshot: JobSnapshot, head: LogHead, oldest: LogOldest, isTruncated: Bool = false
    ) {
        self.order = order
        self.spec = spec
        self.work = work
        self.snapshot = snapshot
        self.head = head
        self.oldest = oldest
        self.isTruncated = isTruncated
    }
}

package struct JobFilter: Sendable, Equatable {
    package var status: JobStatus?
    package var sessionID: String?
    /// From 1.
    package var page: Int
    /// 1...100.
    package var pageSize: Int

    package init(status: JobStatus? = nil, sessionID: String? = nil, page: Int = 1, pageSize: Int = 20) {
        self.status = status
        self.sessionID = sessionID
        self.page = page
        self.pageSize = pageSize
    }
}

package struct JobPage: Sendable {
    /// Newest first.
    package var jobs: [StoredJob]
    /// How many match the filter, on all pages; from counters.
    package var total: Int

    package init(jobs: [StoredJob], total: Int) {
        self.jobs = jobs
        self.total = total
    }
}

/// Where to read a log from.
package enum LogAddress: Hashable, Sendable {
    /// The kept row of frames that holds this sequence number, from that row's beginning; where none does (trimmed, or a hole), the first later one.
    /// A reader who resumes asks for the last event it has seen, so that a hole behind that event is told from one around it.
    case sequence(UInt64)
    /// The kept row of frames that holds this offset, from that row's beginning; the first kept row where that offset was trimmed.
    case offset(Int)
}

/// Frames read back from the store: whole, contiguous in offsets.
package struct StoredFrames: Sendable {
    package var firstSequence: UInt64
    package var startOffset: Int
    package var bytes: [UInt8]
    /// The oldest frame that was kept at the time.
    package var oldest: LogOldest

    package init(firstSequence: UInt64, startOffset: Int, bytes: [UInt8], oldest: LogOldest) {
        self.firstSequence = firstSequence
        self.startOffset = startOffset
        self.bytes = bytes
        self.oldest = oldest
    }
}

/// Runs by status.
package struct JobCounts: Sendable, Equatable {
    package private(set) var counts = [Int](repeating: 0, count: JobStatus.allCases.count)

    package init() {}

    package subscript(status: JobStatus) -> Int {
        get { counts[Int(status.rawValue)] }
        set { counts[Int(status.rawValue)] = newValue }
    }

    package var total: Int { counts.reduce(0, +) }
}

/// Who waits for the store: called on a store thread, it only posts to an inbox.
package protocol StoreObserver: AnyObject, Sendable {
    func storeAnswered(_ ticket: UInt64, _ answer: StoreAnswer)
}

/// What the store has to say to one who waits.
package enum StoreAnswer: Sendable {
    /// Of a submit: the new run, now in the registry, or the one that its key had started.
    case submitted(Job, isNew: Bool)
    case queueFull
    /// Of a submit: another run has this id. Nothing was kept.
    case idTaken
    /// Of a change of a run (`Job`'s `waiter:` parameters): it is committed and published.
    case committed
    /// Of a look-up: the run, now in the registry; nil when it is unknown.
    case job(Job?)
    case result(JobResult?)
    case page(JobPage)
    case counts(JobCounts)
    case deleted(Bool)
    /// The store could not; nothing was kept.
    case failed(StoreError)
}

/// One who waits for one answer.
package struct StoreWaiter: Sendable {
    package let observer: any StoreObserver
    package let ticket: UInt64

    package init(observer: any StoreObserver, ticket: UInt64) {
        self.observer = observer
        self.ticket = ticket
    }

    package func answer(_ answer: StoreAnswer) {
        observer.storeAnswered(ticket, answer)
    }
}
