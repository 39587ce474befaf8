import Jobs
import Locking

/// A store's writer in miniature: commits what is enqueued when the test says so.
final class TestCommitter: JobCommitter {
    private let queue = Lock<[Job]>([])

    func enqueue(_ job: Job) { queue.withLock { $0.append(job) } }

    var count: Int { queue.withLock { $0.count } }

    /// Commits everything that is enqueued, as the store would, and answers the waiters.
    @discardableResult func commitAll(oldest: LogOldest = LogOldest()) -> [JobCommit] {
        let jobs = queue.withLock { jobs in
            defer { jobs = [] }
            return jobs
        }
        return jobs.compactMap { job in
            guard let commit = job.takeCommit() else { return nil }
            for waiter in job.committed(commit, .committed(oldest: oldest)) { waiter.answer(.committed) }
            return commit
        }
    }
}

/// Remembers the answers it was given.
final class TestObserver: StoreObserver, LogObserver {
    private let answers = Lock<[UInt64]>([])
    private let advances = Lock(0)

    func storeAnswered(_ ticket: UInt64, _ answer: StoreAnswer) { answers.withLock { $0.append(ticket) } }
    func logAdvanced(_ log: EventLog) { advances.withLock { $0 += 1 } }

    var tickets: [UInt64] { answers.withLock { $0 } }
    var advanced: Int { advances.withLock { $0 } }

    func waiter(_ ticket: UInt64) -> StoreWaiter { StoreWaiter(observer: self, ticket: ticket) }
}

/// One job with everything around it.
struct Bench {
    let committer = TestCommitter()
    let observer = TestObserver()
    let job: Job
    static let start = Timestamp(microseconds: 1_800_000_000_000_000)

    init(maxAttempts: Int = 1, limits: JobLimits = JobLimits()) {
        let spec = JobSpec(
            id: JobID(bits: 0x4be1_c02a_77d9), createdAt: Self.start, sessionID: nil, timeoutSeconds: 60, maxAttempts: maxAttempts,
            webhookURL: nil)
        job = Job(spec: spec, work: JobWork(prompt: "p"), committer: committer, memory: LogMemory(limits: limits))
    }

    /// The submit's commit.
    func create() {
        committer.enqueue(job)
        committer.commitAll()
    }

    func log(_ messages: [String], attempt: Int = 1) -> AppendOutcome {
        var batch = EventBatch()
        for message in messages {
            batch.bytes += Array("{\"event\": \"log\", \"data\": {\"message\": \"\(message)\"}}".utf8)
            batch.endEnvelope()
        }
        return job.append(batch, attempt: attempt)
    }

    /// The published log in memory: (number, data).
    func events(from offset: Int? = nil) -> [(UInt64, String)] {
        let view = job.log.view()
        var events: [(UInt64, String)] = []
        var offset = offset ?? view.start
        while offset < view.head {
            offset += unsafe view.withBytes(at: offset) { bytes in
                var reader = unsafe FrameReader(bytes)
                while let frame = unsafe reader.next() {
                    events.append((frame.sequence, unsafe String(decoding: bytes[frame.data], as: UTF8.self)))
                }
                return unsafe reader.offset
            }
        }
        return events
    }
}
