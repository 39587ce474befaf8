import EventLoop
import HTTP
import Jobs
import Logging
import Runners
import Storage
import Synchronization

/// Everything that the calls work with; made once by `Serve`, shared by all loops.
package struct APIContext: Sendable {
    package var settings: APISettings
    package var registry: JobRegistry
    package var writer: StoreWriter
    package var readers: StoreReaders
    package var executor: any RunCanceller
    package var admission: Admission
    /// For the logs of new runs.
    package var memory: LogMemory
    package var state: ServerState
    package var counters: ServerCounters
    /// How late each serving loop runs what is due, by the loop's name.
    package var loopLags: [(name: String, lag: Histogram)]
    /// The wall clock; any thread.
    package var clock: @Sendable () -> Timestamp
    package var random: RandomSource
    package var logger: Logger

    package init(
        settings: APISettings, registry: JobRegistry, writer: StoreWriter, readers: StoreReaders, executor: any RunCanceller,
        admission: Admission, memory: LogMemory, state: ServerState, counters: ServerCounters,
        loopLags: [(name: String, lag: Histogram)] = [], clock: @escaping @Sendable () -> Timestamp, random: RandomSource = .system,
        logger: Logger
    ) {
        self.settings = settings
        self.registry = registry
        self.writer = writer
        self.readers = readers
        self.executor = executor
        self.admission = admission
        self.memory = memory
        self.state = state
        self.counters = counters
        self.loopLags = loopLags
        self.clock = clock
        self.random = random
        self.logger = logger
    }
}

/// What the flags say, for the API.
package struct APISettings: Sendable {
    package var authorization: Authorization
    package var tokens: RunToken
    package var hosts: HostRules
    package var origins: OriginRules
    package var proxies: TrustedProxies
    package var submit: SubmitRules
    /// What the server listens on, for URLs in answers to callers that name no host.
    package var own: Authority
    /// Bytes, for the words of 413; HTTP's `Limits` enforce it.
    package var maxBodyBytes: Int
    /// For `/health`: `sqlite` or `memory`.
    package var storeKind: String
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
    package func drain() { draining.store(true, ordering: .relaxed) }
}

/// Who ends the process of a run that was cancelled. Any thread; returns at once.
package protocol RunCanceller: AnyObject, Sendable {
    /// - Parameters:
    ///   - id: the run.
    ///   - attempt: the attempt that was running; nil when none was.
    func cancel(_ id: JobID, attempt: Int?)
}

extension ExecutorMailbox: RunCanceller {}
