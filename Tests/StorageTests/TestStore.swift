import Dispatch
import Jobs
import Locking
import Logging
import Storage

/// A store that fails, or waits, when a test says so, and remembers what it was asked.
final class TestStore: JobStore {
    private struct State {
        var failure: StoreError?
        /// Every write is done, and then throws this.
        var lostAnswer: StoreError?
        var batches: [WriteBatch] = []
        var reads = 0
        var lookups = 0
        var isHeld = false
    }

    let inner: any JobStore
    private let state = Lock(State())
    private let entered = DispatchSemaphore(value: 0)
    private let pruned = DispatchSemaphore(value: 0)
    private let released = DispatchSemaphore(value: 0)

    init(_ inner: any JobStore = MemoryStore()) {
        self.inner = inner
    }

    /// From now on every write fails; nil: no more.
    func fail(_ error: StoreError?) { state.withLock { $0.failure = error } }

    /// From now on every write is done, and then fails; nil: no more.
    func loseAnswers(_ error: StoreError?) { state.withLock { $0.lostAnswer = error } }

    /// From now on every write and read of log waits in the store until `release`.
    func hold() { state.withLock { $0.isHeld = true } }

    /// Waits until somebody waits in the store.
    /// - Returns: false when nobody came within ten seconds.
    @discardableResult func awaitEntry() -> Bool { entered.wait(timeout: .now() + 10) == .success }

    /// Lets the one that waits go on; the next one waits again.
    func pass() { released.signal() }

    /// Waits until something was pruned.
    func awaitPruning() { pruned.wait() }

    /// Lets the one that waits go on, and holds nobody any more.
    func release() {
        state.withLock { $0.isHeld = false }
        released.signal()
    }

    var batches: [WriteBatch] { state.withLock { $0.batches } }
    var reads: Int { state.withLock { $0.reads } }
    /// How many runs were looked up.
    var lookups: Int { state.withLock { $0.lookups } }

    private func enter() {
        guard state.withLock({ $0.isHeld }) else { return }
        entered.signal()
        released.wait()
    }

    func write(_ batch: WriteBatch) throws(StoreError) -> WriteOutcome {
        state.withLock { $0.batches.append(batch) }
        enter()
        if let failure = state.withLock({ $0.failure }) { throw failure }
        let outcome = try inner.write(batch)
        if let lost = state.withLock({ $0.lostAnswer }) { throw lost }
        return outcome
    }

    func read(_ id: JobID, from address: LogAddress, maxBytes: Int) throws(StoreError) -> StoredFrames? {
        state.withLock { $0.reads += 1 }
        enter()
        if let failure = state.withLock({ $0.failure }) { throw failure }
        return try inner.read(id, from: address, maxBytes: maxBytes)
    }

    func job(_ id: JobID) throws(StoreError) -> StoredJob? {
        state.withLock { $0.lookups += 1 }
        enter()
        if let failure = state.withLock({ $0.failure }) { throw failure }
        return try inner.job(id)
    }

    func acquire(limit: Int, after: Int64) throws(StoreError) -> [StoredJob] {
        let jobs = try inner.acquire(limit: limit, after: after)
        if let lost = state.withLock({ $0.lostAnswer }) { throw lost }
        return jobs
    }
    func prune(endedBefore moment: Timestamp, limit: Int) throws(StoreError) -> [JobID] {
        let ids = try inner.prune(endedBefore: moment, limit: limit)
        if !ids.isEmpty { pruned.signal() }
        if let lost = state.withLock({ $0.lostAnswer }) { throw lost }
        return ids
    }
    func result(of id: JobID) throws(StoreError) -> JobResult? { try inner.result(of: id) }
    func list(_ filter: JobFilter) throws(StoreError) -> JobPage { try inner.list(filter) }
    func counts() throws(StoreError) -> JobCounts { try inner.counts() }
}

/// A writer and readers on a store, as a server has them.
final class Service: Sendable {
    let store: TestStore
    let registry: JobRegistry
    let memory: LogMemory
    let admission: Admission
    let starter = TestStarter()
    let writer: StoreWriter
    let readers: StoreReaders
    let answers = Answers()

    init(
        _ store: TestStore = TestStore(), maxQueued: Int = 1_000_000, jobLimits: JobLimits = JobLimits(),
        limits: StorageLimits = quickLimits
    ) throws {
        self.store = store
        registry = JobRegistry(limits: jobLimits)
        memory = LogMemory(limits: jobLimits)
        admission = Admission(maxQueued: maxQueued, maxConcurrent: 0)
        writer = StoreWriter(
            store: store, registry: registry, admission: admission, memory: memory, limits: limits, clock: { Bench.now },
            onCreated: starter,
            logger: quiet)
        readers = StoreReaders(store: store, registry: registry, committer: writer, memory: memory, limits: limits)
        try writer.start()
        try readers.start()
    }

    deinit {
        writer.stop()
        readers.stop()
    }

    static var quickLimits: StorageLimits {
        var limits = StorageLimits()
        limits.firstRetry = .milliseconds(1)
        limits.longestRetry = .milliseconds(2)
        limits.stopPatience = .milliseconds(20)
        limits.retain = nil
        return limits
    }

    func job(_ bits: UInt64, prompt: String = "p") -> Job {
        let spec = JobSpec(
            id: JobID(bits: bits), createdAt: Bench.now, sessionID: nil, timeoutSeconds: 60, maxAttempts: 1, webhookURL: nil)
        return Job(spec: spec, work: JobWork(prompt: prompt), committer: writer, memory: memory)
    }

    func submit(_ bits: UInt64, key: String? = nil) {
        writer.submit(job(bits), key: key.map { IdempotencyKey(key: Array($0.utf8), sessionID: nil) }, waiter: answers.waiter(bits))
    }

    /// A run that was submitted and answered.
    func created(_ bits: UInt64) throws -> Job {
        submit(bits)
        return try answers.submitted().job
    }

    /// A run that has ended, and whose end is committed.
    func ended(_ bits: UInt64) throws -> Job {
        let job = try created(bits)
        _ = job.cancel(now: Bench.now, waiter: answers.waiter(bits))
        _ = try answers.next()
        return job
    }
}

/// Says nothing.
private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
