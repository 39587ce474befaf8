import API
import EventLoop
import FoundationEssentials
import Glibc
import HTTP
import Jobs
import Logging
import Runners
import Storage

/// Builds every object of the server, joins them, and waits for the end.
///
/// Order matters: the store first (it refuses a second server), the port next, then runs of an earlier server are taken up, then requests are served.
struct Serve {
    let settings: ServeSettings
    private let logger: Logger
    private let clock: @Sendable () -> Jobs.Timestamp = WallClock.now

    private let log: LogQueue
    private let signals: ShutdownSignals
    private let events = Mailbox<ControlEvent>()

    /// Blocks the signals that end the server, then starts the threads that take them and that write the log.
    init(_ settings: ServeSettings) throws(SystemError) {
        self.settings = settings
        signals = ShutdownSignals(drainGrace: settings.drainGrace)
        let isColoured = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
        let format: LogOutput.Format = settings.logFormat == .json ? .json : .text(isColoured: isColoured)
        let (level, clock) = (settings.logLevel, clock)
        let queue = try LogQueue(descriptor: STDERR_FILENO) { dropped in
            LogLine.render(
                format, time: clock(), level: .warning, label: "runstream", message: "Nobody read the log: lines were dropped",
                metadata: [("count", "\(dropped)")]) + [UInt8(ascii: "\n")]
        }
        log = queue
        logger = Logger(label: "runstream") { LogOutput(label: $0, level: level, format: format, queue: queue, clock: clock) }
        try signals.start(events: events, log: queue, logger: logger)
        LibeventLog.redirect { [logger] in logger.warning("libevent: \($0)") }
    }

    func run() throws {
        defer { log.flush() }
        SignalWatch.ignoreBrokenPipes()
        try LibraryVersions.check()
        let files = try FileLimit.raise()
        let storageLimits = self.storageLimits
        let store = try OpenStore.open(settings.databasePath, limits: storageLimits)
        let sockets = try listen()
        var jobLimits = JobLimits()
        jobLimits.tailBytes = min(jobLimits.tailBytes, max(64 << 10, settings.retainLogBytes))
        let memory = LogMemory(limits: jobLimits)
        let registry = JobRegistry(limits: jobLimits)
        let admission = Admission(maxQueued: settings.maxQueued, maxConcurrent: settings.maxConcurrent)

        let runnerSettings = try self.runnerSettings(store: store, childFileLimit: files.original)
        let (clock, logger, random) = (clock, logger, RandomSource.system())
        let control = try LoopThread.start(name: "rs-control") { [events] loop in
            try ControlHandle(loop: loop, events: events) {
                try Executor(
                    loop: loop, settings: runnerSettings, admission: admission, memory: memory, clock: clock,
                    random: random.bits, logger: logger)
            }
        }
        let writer = StoreWriter(
            store: store, registry: registry, admission: admission, memory: memory, limits: storageLimits,
            lastChange: store.lastChange, clock: clock, onCreated: control.handle.mailbox, logger: logger)
        let readers = StoreReaders(store: store, registry: registry, committer: writer, memory: memory, limits: storageLimits)
        let unfinished = try takeUp(store, registry, writer, memory)
        try writer.start()
        try readers.start()
        control.handle.recover(unfinished)

        let counters = ServerCounters()
        let state = ServerState()
        let lags = sockets.map { _ in Histogram() }
        var context = try APIContext(
            settings: apiSettings(store: store, port: sockets.port), registry: registry, writer: writer, readers: readers,
            executor: control.handle.mailbox, admission: admission, memory: memory, state: state, counters: counters,
            loopLags: lags.enumerated().map { ("rs-serve-\($0.offset)", $0.element) }, clock: clock,
            random: random, executorStats: { [statistics = control.handle.statistics] in statistics.current }, logger: logger)
        context.droppedLogLines = { [log] in log.dropped }
        let serving = try serve(sockets, limits: httpLimits(files), lags: lags, context: context)
        let watchdog = try LoopWatchdog(
            [control.handle.pulse] + serving.map(\.handle.pulse), limit: settings.loopTimeout, state: state, logger: logger)
        announce(store, port: sockets.port, unfinished: unfinished.count, recipes: runnerSettings.recipes)

        Shutdown(
            control: control, serving: serving, writer: writer, readers: readers, store: store, registry: registry, state: state,
            events: events, signals: signals, watchdog: watchdog, logger: logger
        ).wait()
    }

    // MARK: The parts

    private var storageLimits: StorageLimits {
        var limits = StorageLimits()
        limits.retainLogBytes = settings.retainLogBytes
        limits.retain = settings.retain
        return limits
    }

    /// Every run that has not ended, in the order of creation, in the registry.
    private func takeUp(_ store: SQLiteStore, _ registry: JobRegistry, _ writer: StoreWriter, _ memory: LogMemory) throws -> [Job] {
        var jobs: [Job] = []
        var last: Int64 = 0
        while true {
            let acquired = try store.acquire(limit: 1000, after: last)
            guard let newest = acquired.last else { return jobs }
            last = newest.order
            for stored in acquired {
                let job = Job(stored: stored, afterPowerCut: store.hadPowerCut, committer: writer, memory: memory)
                if let job = registry.insert(job) { jobs.append(job) }
            }
        }
    }

    private func runnerSettings(store: SQLiteStore, childFileLimit: UInt64) throws -> RunnerSettings {
        var runners = RunnerSettings(instanceID: store.instanceID, attemptsDirectory: store.path + ".attempts")
        runners.runner = try settings.runner.map { try RunnerCommand.words($0) }
        runners.recipes = try settings.recipesDirectory.map { try RecipeBook(directory: $0) }
        runners.maxConcurrent = settings.maxConcurrent
        runners.killGrace = settings.killGrace
        runners.drainGrace = settings.drainGrace
        runners.childFileLimit = childFileLimit
        return runners
    }

    private func apiSettings(store: SQLiteStore, port: UInt16) throws -> APISettings {
        let submit = SubmitRules(
            recipes: try settings.recipesDirectory.map { try RecipeBook(directory: $0) }, hasRunner: settings.runner != nil,
            agentRoot: try settings.agentRoot.map { try AgentRoot($0) },
            defaultTimeout: Int(settings.runTimeout.components.seconds), defaultMaxAttempts: settings.maxAttempts)
        guard let own = Authority(settings.host.contains(":") ? "[\(settings.host)]:\(port)" : "\(settings.host):\(port)") else {
            throw ServeError("--host \(settings.host) isn't a host name or address")
        }
        return APISettings(
            authorization: Authorization(apiKey: settings.apiKey), tokens: RunToken(secret: store.secret, apiKey: settings.apiKey),
            hosts: try HostRules(settings.allowedHosts), origins: try OriginRules(settings.corsOrigins),
            proxies: try TrustedProxies(settings.trustedProxies), submit: submit, own: own, maxBodyBytes: settings.maxBodyBytes,
            storeKind: "sqlite", version: Version.current)
    }

    private func httpLimits(_ files: FileLimit) -> HTTP.Limits {
        var limits = HTTP.Limits()
        // What is left for the database, pipes of runs and the loops themselves.
        let room = Int(clamping: files.current) - FileReserve.descriptors(maxConcurrent: settings.maxConcurrent, loops: settings.loops)
        limits.maxConnections = min(settings.maxConnections ?? .max, max(64, room))
        limits.maxStreams = min(settings.maxStreams ?? .max, limits.maxConnections)
        limits.maxHeaderBytes = settings.maxHeaderBytes
        limits.maxBodyBytes = settings.maxBodyBytes
        limits.requestTimeout = settings.requestTimeout
        limits.replyTimeout = settings.replyTimeout
        limits.idleTimeout = settings.idleTimeout
        limits.heartbeat = settings.heartbeat
        limits.writeTimeout = settings.writeTimeout
        return limits
    }

    // MARK: Listening

    /// One socket for each loop, on one port.
    private func listen() throws -> [ListeningSocket] {
        let wanted = UInt16(settings.port)
        do throws(SystemError) {
            if wanted != 0 { try Socket.probe(host: settings.host, port: wanted) }
            var sockets: [ListeningSocket] = []
            var port = wanted
            for _ in 0..<settings.loops {
                let fd = try Socket.listen(host: settings.host, port: port, reusePort: true, userTimeout: settings.writeTimeout)
                port = try Socket.localPort(of: fd.number)
                sockets.append(ListeningSocket(fd: fd.release(), port: port))
            }
            return sockets
        } catch {
            throw ServeError("cannot listen on \(settings.host):\(settings.port): \(error). \(ListenAdvice.text(error))")
        }
    }

    private func serve(
        _ sockets: [ListeningSocket], limits: HTTP.Limits, lags: [Histogram], context: APIContext
    ) throws -> [(thread: LoopThread, handle: ServingHandle)] {
        try sockets.enumerated().map { index, socket in
            try LoopThread.start(name: "rs-serve-\(index)", lag: lags[index]) { loop in
                try ServingHandle(
                    loop: loop, server: APIServer.serve(loop: loop, listenFD: OwnedFD(socket.fd), limits: limits, context: context))
            }
        }
    }

    private func warn(about recipes: RecipeBook) {
        if let problem = recipes.problem { return logger.warning("There are no recipes: \(problem)") }
        for name in recipes.notExecutable.prefix(10) {
            logger.warning(
                "A file in the recipes' directory isn't executable, and so isn't a recipe. Run: chmod +x \(recipes.directory)/\(name)")
        }
    }

    private func announce(_ store: SQLiteStore, port: UInt16, unfinished: Int, recipes: RecipeBook?) {
        let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
        print("runstream \(Version.current) listening on http://\(host):\(port)")
        fflush(nil)
        var metadata: Logger.Metadata = ["database": "\(settings.databasePath)", "loops": "\(settings.loops)"]
        if unfinished > 0 { metadata["runs_taken_up"] = "\(unfinished)" }
        logger.info("Ready", metadata: metadata)
        if store.isCopy { logger.notice("This database is a copy of another one. Its runs are this server's own from now on.") }
        if store.isOpenToOthers {
            logger.warning(
                "Other users can read the database: it holds prompts, results and the secret of the tokens. Run: chmod 600 \(store.path)")
        }
        if settings.apiKey == nil, !settings.isLoopback {
            logger.warning("Anybody who can reach this address can run things here: no API key is set")
        }
        if let recipes { warn(about: recipes) }
        if settings.runner == nil, settings.recipesDirectory == nil {
            logger.warning("Neither --runner nor --recipes is set: every submit will be refused")
        }
    }
}

/// A bound socket, on its way to the loop that will own it.
private struct ListeningSocket {
    let fd: Int32
    let port: UInt16
}

extension [ListeningSocket] {
    fileprivate var port: UInt16 { first?.port ?? 0 }
}

/// Why the server cannot start, in words for the one who started it.
struct ServeError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
