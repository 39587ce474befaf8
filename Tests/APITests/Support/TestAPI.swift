import API
import EventLoop
import Glibc
import HTTP
import Jobs
import Locking
import Logging
import Runners
import Storage

/// A whole API on one loop of its own, over real sockets and a store in memory; runs are driven by the test in a runner's place.
final class TestAPI: Sendable {
    let port: UInt16
    let now: Lock<Timestamp>
    let registry: JobRegistry
    let writer: StoreWriter
    let readers: StoreReaders
    let store: any JobStore
    let state = ServerState()
    let executor = FakeExecutor()
    let admission: Admission
    let logs = LogLines()
    private let counters = ServerCounters()
    private let thread: LoopThread
    private let memory: LogMemory

    struct Options {
        var apiKey: String?
        var allowedHosts: [String] = []
        var corsOrigins: [String] = []
        var trustedProxies: [String] = []
        var agentRoot: String?
        var recipes: String?
        var hasRunner = true
        var maxQueued = 100
        var limits = Limits()
        var storage = StorageLimits()
        var jobs = JobLimits()
        var store: (any JobStore)?
        var random = RandomSource.system()
        var secret = [UInt8](repeating: 7, count: 32)
    }

    init(_ options: Options = Options()) throws {
        SignalWatch.ignoreBrokenPipes()
        let now = Lock(Timestamp(microseconds: 1_700_000_000_000_000))
        self.now = now
        let memory = LogMemory(limits: options.jobs)
        self.memory = memory
        registry = JobRegistry(limits: options.jobs)
        store = options.store ?? MemoryStore()
        admission = Admission(maxQueued: options.maxQueued, maxConcurrent: 0)
        var logger = Logger(label: "test", factory: { [logs] _ in logs })
        logger.logLevel = .debug
        let clock: @Sendable () -> Timestamp = { now.withLock { $0 } }
        writer = StoreWriter(
            store: store, registry: registry, admission: admission, memory: memory, limits: options.storage, clock: clock,
            onCreated: executor, logger: logger)
        readers = StoreReaders(store: store, registry: registry, committer: writer, memory: memory, limits: options.storage)
        try writer.start()
        try readers.start()
        let context = APIContext(
            settings: try Self.settings(options), registry: registry, writer: writer, readers: readers, executor: executor,
            admission: admission, memory: memory, state: state, counters: counters, loopLags: [("serving", Histogram())], clock: clock,
            random: options.random, logger: logger)
        let limits = options.limits
        (thread, port) = try LoopThread.start(name: "serving") { loop in
            let socket = try Socket.listen(host: "127.0.0.1", port: 0, reusePort: true)
            let port = try Socket.localPort(of: socket.number)
            _ = try APIServer.serve(loop: loop, listenFD: socket, limits: limits, context: context)
            return port
        }
    }

    private static func settings(_ options: Options) throws -> APISettings {
        let rules = SubmitRules(
            recipes: try options.recipes.map { try RecipeBook(directory: $0) }, hasRunner: options.hasRunner,
            agentRoot: try options.agentRoot.map { try AgentRoot($0) }, defaultTimeout: 3600, defaultMaxAttempts: 1)
        guard let own = Authority("127.0.0.1:8005") else { preconditionFailure("a good authority") }
        return APISettings(
            authorization: Authorization(apiKey: options.apiKey), tokens: RunToken(secret: options.secret, apiKey: options.apiKey),
            hosts: try HostRules(options.allowedHosts), origins: try OriginRules(options.corsOrigins),
            proxies: try TrustedProxies(options.trustedProxies), submit: rules, own: own, maxBodyBytes: options.limits.maxBodyBytes,
            storeKind: "memory", version: "0.0.0-test")
    }

    deinit {
        thread.stop()
        thread.join()
        writer.stop()
        readers.stop()
    }

    func advance(_ duration: Duration) {
        now.withLock { $0 = $0 + duration }
    }

    /// Waits until a client has taken so little that a stream could not be sent all it lacks, at most 10 s.
    func waitForBlockedStream() -> Bool {
        for _ in 0..<2_000 where counters.sendsBlocked.value == 0 { _ = poll(nil, 0, 5) }
        return counters.sendsBlocked.value > 0
    }

    var time: Timestamp { now.withLock { $0 } }

    // MARK: Runs

    /// A submitted run.
    func submit(_ body: String = #"{"prompt": "x"}"#) throws -> Job {
        let answer = try call("POST", "/api/v1/runs", body: body)
        guard answer.status == 202, let id = answer.json["job_id"] as? String, let run = JobID(id), let job = registry.find(run) else {
            throw Unexpected(answer: answer)
        }
        return job
    }

    /// Starts a run and returns when the start is published.
    func start(_ job: Job) {
        let done = Signal<Void>()
        _ = job.start(now: time, waiter: done.waiter(()))
        done.take()
    }

    /// Reports log events and returns when they are published.
    func log(_ job: Job, _ messages: [String]) {
        var batch = EventBatch()
        for message in messages {
            batch.bytes.append(contentsOf: "{\"event\": \"log\", \"data\": {\"message\": \"\(message)\"}}".utf8)
            batch.endEnvelope()
        }
        _ = job.append(batch, attempt: 1)
        settle(job)
    }

    /// Ends a run and returns when its end is published.
    func finish(_ job: Job, _ outcome: AttemptOutcome = .succeeded(nil)) {
        _ = job.finish(attempt: 1, outcome, now: time, random: 0)
        settle(job)
    }

    /// Waits until everything that has happened to a run is published.
    func settle(_ job: Job) {
        let done = Signal<Void>()
        job.whenCommitted(done.waiter(()))
        done.take()
    }

    /// A run that has ended.
    func finished(_ body: String = #"{"prompt": "x"}"#, _ outcome: AttemptOutcome = .succeeded(nil)) throws -> Job {
        let job = try submit(body)
        start(job)
        finish(job, outcome)
        return job
    }

    // MARK: Calls

    /// Makes one call on a connection of its own.
    func call(_ method: String, _ path: String, _ headers: [String: String?] = [:], body: String? = nil) throws -> Answer {
        try callBytes(method, path, headers, body: body.map { Array($0.utf8) })
    }

    func callBytes(_ method: String, _ path: String, _ headers: [String: String?] = [:], body: [UInt8]?) throws -> Answer {
        let client = try RawClient(port: port)
        client.send(request(method, path, headers, bodyCount: body?.count))
        if let body { client.send(body) }
        return try Answer(client, isHead: method == "HEAD")
    }

    /// A request's head. Headers with the value nil are left out; `Host`, and for bodies `Content-Type`, are added.
    func request(_ method: String, _ path: String, _ headers: [String: String?] = [:], bodyCount: Int? = nil) -> String {
        var all: [String: String?] = ["Host": "127.0.0.1:\(port)"]
        if let bodyCount {
            all["Content-Type"] = "application/json"
            all["Content-Length"] = "\(bodyCount)"
        }
        all.merge(headers) { _, new in new }
        let lines = all.sorted { $0.key < $1.key }.compactMap { name, value in value.map { "\(name): \($0)\r\n" } }
        return "\(method) \(path) HTTP/1.1\r\n\(lines.joined())\r\n"
    }
}

struct Unexpected: Error {
    let answer: Answer
}

/// In the executor's place: remembers what it was told.
final class FakeExecutor: JobStarter, RunCanceller, Sendable {
    let created = Lock<[JobID]>([])
    let cancelled = Lock<[(id: JobID, attempt: Int?)]>([])

    func jobLost(_ id: JobID) {}
    func jobsCreated(_ jobs: [Job]) { created.withLock { $0.append(contentsOf: jobs.map(\.id)) } }
    func cancel(_ id: JobID, attempt: Int?) { cancelled.withLock { $0.append((id, attempt)) } }
}
