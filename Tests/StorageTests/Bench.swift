import Dispatch
import Foundation
import Jobs
import Locking
import Storage
import Testing

/// The stores that keep the same laws.
enum StoreKind: CaseIterable {
    case memory
    case sqlite
}

/// A directory that goes with its owner.
final class TemporaryDirectory: Sendable {
    let path: String

    init(under parent: String = NSTemporaryDirectory()) throws {
        path = URL(fileURLWithPath: parent).appendingPathComponent("runstream-\(UInt64.random(in: 0...UInt64.max))").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// Copies a database into `name` as a kill would leave it: its files as they are, nothing closed, nothing checkpointed. The copy's path.
    func killed(_ database: String, as name: String) throws -> String {
        for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: database + suffix, toPath: file(name) + suffix) }
        return file(name)
    }
}

/// Stands where the writer stands: remembers which runs have something to commit.
final class TestCommitter: JobCommitter {
    private let queue = Lock<[Job]>([])

    func enqueue(_ job: Job) { queue.withLock { $0.append(job) } }

    func take() -> [Job] {
        queue.withLock { jobs in
            defer { jobs = [] }
            return jobs
        }
    }
}

/// Remembers who was started.
final class TestStarter: JobStarter {
    private let ids = Lock<[JobID]>([])

    private let lostIDs = Lock<[JobID]>([])

    func jobsCreated(_ jobs: [Job]) { ids.withLock { $0.append(contentsOf: jobs.map(\.id)) } }
    func jobLost(_ id: JobID) { lostIDs.withLock { $0.append(id) } }

    var created: [JobID] { ids.withLock { $0 } }
    var lost: [JobID] { lostIDs.withLock { $0 } }
}

/// Takes answers in and lets a test wait for them.
final class Answers: StoreObserver, FramesObserver {
    private let answers = Lock<[(ticket: UInt64, answer: StoreAnswer)]>([])
    private let pages = Lock<[LogPage?]>([])
    private let arrived = DispatchSemaphore(value: 0)

    func storeAnswered(_ ticket: UInt64, _ answer: StoreAnswer) {
        answers.withLock { $0.append((ticket, answer)) }
        arrived.signal()
    }

    func framesArrived(_ request: LogAddress, _ frames: LogPage?) {
        pages.withLock { $0.append(frames) }
        arrived.signal()
    }

    func waiter(_ ticket: UInt64 = 0) -> StoreWaiter { StoreWaiter(observer: self, ticket: ticket) }

    var count: Int { answers.withLock { $0.count } }

    /// Waits for the next answer.
    func next() throws -> (ticket: UInt64, answer: StoreAnswer) {
        try #require(arrived.wait(timeout: .now() + 30) == .success, "no answer within 30 s")
        return answers.withLock { $0.removeFirst() }
    }

    /// Waits for the next page.
    func nextPage() throws -> LogPage? {
        try #require(arrived.wait(timeout: .now() + 30) == .success, "no page within 30 s")
        return pages.withLock { $0.removeFirst() }
    }

    /// Waits for the next answer, which has to be `.submitted`.
    func submitted() throws -> (job: Job, isNew: Bool) {
        guard case .submitted(let job, let isNew) = try next().answer else { throw Unexpected() }
        return (job, isNew)
    }

    struct Unexpected: Error {}
}

/// A store, and what makes runs for it by hand.
final class Bench: Sendable {
    let store: any JobStore
    let directory: TemporaryDirectory
    let committer = TestCommitter()
    let memory = LogMemory(limits: JobLimits())
    let answers = Answers()
    static let now = Timestamp(microseconds: 1_800_000_000_000_000)

    init(_ store: any JobStore, _ directory: TemporaryDirectory) {
        self.store = store
        self.directory = directory
    }

    init(_ kind: StoreKind) throws {
        directory = try TemporaryDirectory()
        store =
            switch kind {
            case .memory: MemoryStore()
            case .sqlite: try SQLiteStore(path: directory.file("runs.db"), bootID: "boot")
            }
    }

    func job(
        _ bits: UInt64, session: String? = nil, attempts: Int = 1, webhook: String? = nil, work: JobWork = JobWork(prompt: "p"),
        at: Timestamp = now
    ) -> Job {
        let spec = JobSpec(
            id: JobID(bits: bits), createdAt: at, sessionID: session, timeoutSeconds: 60, maxAttempts: attempts, webhookURL: webhook)
        return Job(spec: spec, work: work, committer: committer, memory: memory)
    }

    /// Writes a batch; the log may keep everything.
    func write(submits: [Submission] = [], commits: [JobCommit] = [], deletes: [JobID] = [], retain: Int = .max) throws -> WriteOutcome {
        var batch = WriteBatch(retainLogBytes: retain)
        batch.submits = submits
        batch.commits = commits
        batch.deletes = deletes
        return try store.write(batch)
    }

    func submission(_ job: Job, key: IdempotencyKey? = nil, mayEnter: Bool = true) throws -> Submission {
        let commit = try #require(job.takeCommit())
        return Submission(spec: job.spec, work: try #require(job.work), key: key, commit: commit, mayEnter: mayEnter)
    }

    /// Brings a new run into the store and publishes it.
    @discardableResult func create(_ job: Job, key: IdempotencyKey? = nil) throws -> Job {
        let submission = try submission(job, key: key)
        guard case .created = try write(submits: [submission]).submits[0] else { throw Answers.Unexpected() }
        _ = job.committed(submission.commit, .committed(oldest: LogOldest()))
        return job
    }

    /// Commits what has happened to a run.
    @discardableResult func commit(_ job: Job, retain: Int = .max) throws -> CommitOutcome {
        let commit = try #require(job.takeCommit())
        let outcome = try write(commits: [commit], retain: retain).commits[0]
        _ = job.committed(commit, outcome)
        return outcome
    }

    func start(_ job: Job) throws {
        _ = job.start(now: Self.now, waiter: answers.waiter())
        try commit(job)
    }

    /// Reports `count` events of about `bytes` each.
    func log(_ job: Job, _ count: Int, bytes: Int = 40) {
        var batch = EventBatch()
        let text = String(repeating: "x", count: bytes)
        for index in 0..<count {
            batch.bytes += Array("{\"event\": \"log\", \"data\": {\"message\": \"\(index) \(text)\"}}".utf8)
            batch.endEnvelope()
        }
        _ = job.append(batch, attempt: job.published.snapshot.attempt)
    }

    func finish(_ job: Job, _ outcome: AttemptOutcome = .succeeded(nil), at: Timestamp = now) throws {
        _ = job.finish(attempt: job.published.snapshot.attempt, outcome, now: at, random: 0)
        try commit(job)
    }

    /// A run that has ended.
    @discardableResult func ended(_ bits: UInt64, session: String? = nil, at: Timestamp = now, _ outcome: AttemptOutcome = .succeeded(nil))
        throws -> Job
    {
        let job = try create(job(bits, session: session, at: at))
        try start(job)
        try finish(job, outcome, at: at)
        return job
    }
}

/// The numbers of the frames in these bytes.
func sequences(_ bytes: [UInt8]) -> [UInt64] {
    var found: [UInt64] = []
    unsafe bytes.withUnsafeBytes { bytes in
        var reader = unsafe FrameReader(bytes)
        while let frame = unsafe reader.next() { found.append(frame.sequence) }
        #expect(unsafe reader.offset == bytes.count)
    }
    return found
}

/// The bytes of a commit's frames.
func bytes(_ commit: JobCommit) -> [UInt8] {
    commit.frames.flatMap { slice in unsafe slice.withBytes { unsafe Array($0) } }
}

extension SubmitOutcome {
    var isCreated: Bool { if case .created = self { true } else { false } }
    var isFull: Bool { if case .full = self { true } else { false } }
    var isIDTaken: Bool { if case .idTaken = self { true } else { false } }
    var existing: StoredJob? { if case .existing(let job) = self { job } else { nil } }
}

extension StoredJob {
    func isSame(as other: StoredJob?) -> Bool {
        guard let other else { return false }
        return order == other.order && spec == other.spec && work == other.work && snapshot == other.snapshot && head == other.head
            && oldest == other.oldest && isTruncated == other.isTruncated
    }
}

extension SQLiteStore {
    /// Opens a database that was just closed. Another test's child may still have its lock, for the moment between its fork and its exec.
    static func reopened(_ path: String, boot: String = "boot", limits: StorageLimits = StorageLimits()) throws(StoreError) -> SQLiteStore {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            do throws(StoreError) {
                return try SQLiteStore(path: path, bootID: boot, limits: limits)
            } catch {
                guard case .inUse = error, ContinuousClock.now < deadline else { throw error }
                sched_yield()
            }
        }
    }
}
