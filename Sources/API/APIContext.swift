import EventLoop
import HTTP
import Jobs
import Locking
import Logging
import Runners
import Storage
import Synchronization

/// Everything that the calls work with; made once by `Serve`, shared by all loops.
package struct APIContext: Sendable {
    /// What the flags say.
    package var settings: APISettings
    /// The runs in memory; every look-up of a run begins here.
    package var registry: JobRegistry
    /// Takes submits, deletions and changes of runs; answers by message.
    package var writer: StoreWriter
    /// Look up what is not in memory; answer by message.
    package var readers: StoreReaders
    /// Ends the processes of cancelled runs.
    package var executor: any RunCanceller
    /// How full the queue is, for `/stats` and `/metrics`; the store's writer decides.
    package var admission: Admission
    /// What the executor is doing; any thread. Nil: only what admission knows is told.
    package var executorStats: (@Sendable () -> ExecutorStats)?
    /// How many log lines were dropped; nil without a log that drops lines.
    package var droppedLogLines: (@Sendable () -> UInt64)?
    /// For the logs of new runs.
    package var memory: LogMemory
    /// Whether the server is on its way out.
    package var state: ServerState
    /// What HTTP counts on all loops.
    package var counters: ServerCounters
    /// How late each serving loop runs what is due, by the loop's name.
    package var loopLags: [(name: String, lag: Histogram)]
    /// The wall clock; any thread.
    package var clock: @Sendable () -> Timestamp
    /// For run ids and `retry:`.
    package var random: RandomSource
    private let ids = Lock(JobIDSource())
    /// The access log goes here at debug level; no key, token or query ever does.
    package var logger: Logger

    package init(
        settings: APISettings, registry: JobRegistry, writer: StoreWriter, readers: StoreReaders, executor: any RunCanceller,
        admission: Admission, memory: LogMemory, state: ServerState, counters: ServerCounters,
        loopLags: [(name: String, lag: Histogram)] = [], clock: @escaping @Sendable () -> Timestamp, random: RandomSource = .system(),
        executorStats: (@Sendable () -> ExecutorStats)? = nil, logger: Logger
    ) {
        self.settings = settings
        self.registry = registry
        self.writer = writer
        self.readers = readers
        self.executor = executor
        self.admission = admission
        self.executorStats = executorStats
        self.memory = memory
        self.state = state
        self.counters = counters
        self.loopLags = loopLags
        self.clock = clock
        self.random = random
        self.logger = logger
    }

    /// The name of a run that is created now. Any thread.
    func newID(at now: Timestamp) -> JobID {
        let bits = random.bits()
        return ids.withLock { $0.next(bits: bits, now: now) }
    }
}

/// What the flags say, for the API.
package struct APISettings: Sendable {
    /// `--api-key`.
    package var authorization: Authorization
    /// Makes and checks the tokens for browsers.
    package var tokens: RunToken
    /// `--allowed-hosts`; looked at only without an API key.
    package var hosts: HostRules
    /// `--cors-origins`.
    package var origins: OriginRules
    /// `--trusted-proxies`.
    package var proxies: TrustedProxies
    /// What a submission may ask for.
    package var submit: SubmitRules
    /// What the server listens on, for URLs in answers to callers that name no host.
    package var own: Authority
    /// Bytes, for the words of 413; HTTP's `Limits` enforce it.
    package var maxBodyBytes: Int
    /// For `/health`: `sqlite` or `memory`.
    package var storeKind: String
    /// The program's, for `/health`, `/metrics` and `/openapi.json`.
    package var version: String

    package init(
        authorization: Authorization, tokens: RunToken, hosts: HostRules, origins: OriginRules, proxies: TrustedProxies,
        submit: SubmitRules, own: Authority, maxBodyBytes: Int, storeKind: String, version: String
    ) {
        self.authorization = authorization
        self.tokens = tokens
        self.hosts = hosts
        self.origins = origins
        self.proxies = proxies
        self.submit = submit
        self.own = own
        self.maxBodyBytes = maxBodyBytes
        self.storeKind = storeKind
        self.version = version
    }
}

/// What the whole process is doing: shared by all loops, set by whoever drains.
package final class ServerState: Sendable {
    // Relaxed: it stands alone.
    private let draining = Atomic<Bool>(false)

    package init() {}

    /// Whether the server is on its way out: not ready, no submits, no new streams.
    package var isDraining: Bool { draining.load(ordering: .relaxed) }
    /// Any thread; there is no way back.
    package func drain() { draining.store(true, ordering: .relaxed) }

    private let stuck = Lock<String?>(nil)
    /// The loop that doesn't turn, by its name; nil if all do. Any thread.
    package var stuckLoop: String? {
        get { stuck.withLock { $0 } }
        set { stuck.withLock { $0 = newValue } }
    }
}

/// Who ends the process of a run that was cancelled. Any thread; returns at once.
package protocol RunCanceller: AnyObject, Sendable {
    /// - Parameters:
    ///   - id: the run.
    ///   - attempt: the attempt that was running; nil when none was.
    func cancel(_ id: JobID, attempt: Int?)
}

extension ExecutorMailbox: RunCanceller {}
