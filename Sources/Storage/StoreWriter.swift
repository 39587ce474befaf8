import Jobs
import Locking
import Logging
import Synchronization

/// The one thread that writes to the store, and publishes what it has written.
///
/// The fifth step in an event's life. Its queue holds runs, not events: it takes all that wait, takes from each whatever has happened since
/// its last commit, writes it in one
/// transaction (group commit), and only then lets anybody see it. While one transaction is on its way to the disk the next batch gathers,
/// so that batches grow with the load.
/// Next: `FanOut` sends.
///
/// A failed commit (disk full, I/O error) publishes nothing. Its submits and deletes are answered and forgotten, everything else stays and
/// is tried again.
package final class StoreWriter: JobCommitter, Sendable {
    let store: any JobStore
    let registry: JobRegistry
    let admission: Admission
    let memory: LogMemory
    let limits: StorageLimits
    let clock: @Sendable () -> Timestamp
    let starter: any JobStarter
    private let retention: Lock<RetentionClock>
    let logger: Logger
    let queue = Monitor(WriterQueue())
    let measured = Lock(StoreMetrics())
    /// Written by the thread alone, read by anybody; relaxed: it stands alone.
    let healthy = Atomic<Bool>(true)
    /// The number of the transaction under way or last done, and whether what it wrote is still unpublished.
    let publication = Monitor((number: UInt64(0), isUnderWay: false))
    private let thread = Lock<StoreThread?>(nil)

    /// Writes nothing yet; see `start`.
    ///
    /// - Parameters:
    ///   - store: what is written to, by this writer alone.
    ///   - registry: the runs in memory.
    ///   - admission: decides whether the queue is full.
    ///   - memory: that of all runs' logs.
    ///   - limits: its bounds.
    ///   - lastChange: when the database was last changed; where the clock is far ahead of it, old runs are not deleted at once.
    ///   - clock: the time of day, for retention.
    ///   - onCreated: hears of each new run.
    ///   - logger: for what an operator should know.
    package init(
        store: any JobStore, registry: JobRegistry, admission: Admission, memory: LogMemory, limits: StorageLimits = StorageLimits(),
        lastChange: Timestamp? = nil, clock: @escaping @Sendable () -> Timestamp, onCreated: any JobStarter, logger: Logger
    ) {
        retention = Lock(RetentionClock(lastChange: lastChange, wall: clock(), steady: .now, limits: limits))
        self.store = store
        self.registry = registry
        self.admission = admission
        self.memory = memory
        self.limits = limits
        self.clock = clock
        self.starter = onCreated
        self.logger = logger
    }

    /// Whether old runs may be deleted by the clock now; says why not, once.
    func mayPrune() -> Bool {
        let (may, news) = retention.withLock { ($0.mayDelete(wall: clock(), steady: .now), $0.takeNews()) }
        switch news {
        case .aheadOfDatabase(let gap):
            logger.notice(
                "The clock is far ahead of the database's last change. Old runs are kept for another hour, in case it is wrong.",
                metadata: ["ahead": "\(gap.components.seconds / 3600) h"])
        case .jumped(let jump):
            logger.warning(
                "The clock has jumped. Old runs are kept for another hour, in case it is wrong.",
                metadata: ["by": "\(jump.components.seconds) s"])
        case nil: break
        }
        return may
    }

    /// Begins to write what is and will be enqueued.
    ///
    /// - Throws: when the system has no thread left.
    package func start() throws(StoreError) {
        let started = try StoreThread(name: "rs-writer") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Writes everything that was enqueued, then ends the thread; returns when it has ended. When the store fails, it is tried for
    /// `limits.stopPatience`; what is then left
    /// is as if the server had been killed. What comes later is answered `.failed`.
    package func stop() {
        queue.change { queue in
            queue.isStopping = true
            queue.isPressing = true
        }
        let started = thread.withLock { $0 }
        started?.join()
        abandonRest()
    }

    // MARK: Any thread

    /// Takes a run that has something to commit. Returns at once.
    package func enqueue(_ job: Job) {
        queue.change { $0.jobs.append(job) }
    }

    package func awaitPublication() {
        let now = publication.withLock { $0 }
        guard now.isUnderWay else { return }
        _ = publication.wait { $0.isUnderWay && $0.number == now.number ? nil : true }
    }

    /// Brings a new run to the store. Answered `.submitted` once it is on the disk, `.queueFull`, `.idTaken`, or `.failed`.
    ///
    /// - Parameters:
    ///   - job: the run, with its work.
    ///   - key: what makes a repetition of the submit known.
    ///   - client: the submitter's address, for the log.
    ///   - waiter: is answered.
    package func submit(_ job: Job, key: IdempotencyKey?, client: String = "-", waiter: StoreWaiter) {
        guard let work = job.work else { preconditionFailure("a run that is submitted has its work") }
        let isTaken = queue.change { $0.add(WriterQueue.Submit(job: job, work: work, key: key, client: client, waiter: waiter)) }
        if !isTaken { refuse(job, waiter) }
    }

    /// Deletes a run that has ended: cuts its streams, forgets it. Answered `.deleted`: false when it is unknown or has not ended; or
    /// `.failed`.
    package func delete(_ id: JobID, waiter: StoreWaiter) {
        let isTaken = queue.change { $0.add(WriterQueue.Delete(id: id, waiter: waiter)) }
        if !isTaken { waiter.answer(.failed(Self.ended)) }
    }

    /// False from a failed commit until one succeeds again.
    package var isHealthy: Bool { healthy.load(ordering: .relaxed) }

    package var metrics: StoreMetrics { measured.withLock { $0 } }

    // MARK: The end

    static let ended = StoreError.unavailable("the server is shutting down")

    private func abandonRest() {
        let (jobs, submits, deletes) = queue.change { queue in
            queue.isEnded = true
            defer { queue.removeAll() }
            return (queue.jobs.count, queue.submits, queue.deletes)
        }
        if jobs > 0 { logger.error("Shut down with changes that could not be written", metadata: ["runs": "\(jobs)"]) }
        for submit in submits { refuse(submit.job, submit.waiter) }
        for delete in deletes { delete.waiter.answer(.failed(Self.ended)) }
    }

    private func refuse(_ job: Job, _ waiter: StoreWaiter) {
        _ = job.deleted()
        waiter.answer(.failed(Self.ended))
    }
}

/// What waits for the writer.
struct WriterQueue {
    struct Submit {
        let job: Job
        let work: JobWork
        let key: IdempotencyKey?
        let client: String
        let waiter: StoreWaiter
    }

    struct Delete {
        let id: JobID
        let waiter: StoreWaiter
    }

    var jobs: [Job] = []
    var submits: [Submit] = []
    var deletes: [Delete] = []
    var isStopping = false
    var isEnded = false
    /// Whether a submit, a delete or the end came since the last commit failed: reason to try again at once.
    var isPressing = false

    var isEmpty: Bool { jobs.isEmpty && submits.isEmpty && deletes.isEmpty }

    /// Whether somebody waits for one of them.
    var isAwaited: Bool { !submits.isEmpty || !deletes.isEmpty }

    /// How many there are.
    var count: Int { jobs.count + submits.count + deletes.count }

    mutating func add(_ submit: Submit) -> Bool {
        guard !isEnded else { return false }
        submits.append(submit)
        isPressing = true
        return true
    }

    mutating func add(_ delete: Delete) -> Bool {
        guard !isEnded else { return false }
        deletes.append(delete)
        isPressing = true
        return true
    }

    /// Takes what fits one transaction, the oldest first.
    mutating func take(_ limits: StorageLimits) -> WriterQueue {
        var taken = WriterQueue()
        taken.jobs = Self.take(&jobs, limits.batchJobs)
        taken.submits = Self.take(&submits, limits.batchSubmits)
        taken.deletes = Self.take(&deletes, limits.batchDeletes)
        isPressing = false
        return taken
    }

    mutating func removeAll() {
        jobs = []
        submits = []
        deletes = []
    }

    private static func take<Element>(_ all: inout [Element], _ limit: Int) -> [Element] {
        guard all.count > limit else {
            defer { all = [] }
            return all
        }
        defer { all.removeFirst(limit) }
        return Array(all.prefix(limit))
    }
}
