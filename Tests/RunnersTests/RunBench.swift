import EventLoop
import Foundation
import Jobs
import Locking
import Logging
import Runners
import Testing

/// An executor on a control loop of its own, with a store in miniature, a state directory, and runs to give it.
final class RunBench: Sendable {
    let instance: String
    let directory: URL
    let store = BenchStore()
    let memory: LogMemory
    let admission: Admission
    let mailbox: ExecutorMailbox
    let statistics: ExecutorStatistics
    private let thread: LoopThread
    private let commands: Inbox<Command>
    private let drained = Flag()

    private enum Command: Sendable {
        case recover([Job])
        case drain
        case hurry
    }

    /// Makes the executor, recovered and open; `change` sets what the test wants otherwise.
    convenience init(recovering jobs: [Job] = [], _ change: (inout RunnerSettings) -> Void = { _ in }) throws {
        try self.init(instance: String(format: "%016llx", UInt64.random(in: 0 ... .max)), change)
        recover(jobs)
    }

    /// Makes the executor; nothing starts before `recover`.
    init(instance: String, _ change: (inout RunnerSettings) -> Void = { _ in }) throws {
        self.instance = instance
        directory = FileManager.default.temporaryDirectory.appending(path: "runstream-runs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var settings = RunnerSettings(instanceID: instance, attemptsDirectory: directory.path + "/runs")
        settings.killGrace = .milliseconds(300)
        // Tests look whether everything was removed.
        settings.filesPatience = .seconds(60)
        change(&settings)
        let fixed = settings
        var limits = JobLimits()
        limits.tailBytes = 64 << 20  // all of a log stays to be looked at
        let memory = LogMemory(limits: limits)
        self.memory = memory
        let admission = Admission(maxQueued: 1000, maxConcurrent: settings.maxConcurrent)
        let drained = drained
        self.admission = admission
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let quiet = logger
        let (thread, handle) = try LoopThread.start(name: "control") { loop in
            let executor = try Executor(
                loop: loop, settings: fixed, admission: admission, memory: memory, clock: { RunBench.now() },
                random: { UInt64.random(in: 0 ... .max) }, logger: quiet)
            loop.keep(executor)
            let commands = try Inbox<Command>(loop: loop) { [unowned executor] command in
                switch command {
                case .recover(let jobs): try? executor.recover(jobs)
                case .drain: executor.drain { drained.raise() }
                case .hurry: executor.hurry { drained.raise() }
                }
            }
            return (executor.mailbox, executor.statistics, commands)
        }
        self.thread = thread
        (mailbox, statistics, commands) = handle
    }

    deinit {
        thread.stop()
        thread.join()
        try? FileManager.default.removeItem(at: directory)
    }

    static func now() -> Timestamp {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }

    func recover(_ jobs: [Job]) { commands.post(.recover(jobs)) }
    func drain() { commands.post(.drain) }
    func hurry() { commands.post(.hurry) }

    /// Waits until the executor says that it has drained.
    func waitUntilDrained() throws { try #require(drained.wait(), "the executor never drained") }

    // MARK: Runs

    /// A new run that is not in line yet.
    func job(
        _ prompt: String = "p", recipe: String? = nil, session: String? = nil, timeout: Int = 60, attempts: Int = 1,
        work change: (inout JobWork) -> Void = { _ in }
    ) -> Job {
        let spec = JobSpec(
            id: JobID(bits: UInt64.random(in: 0 ... .max)), createdAt: Self.now(), sessionID: session, timeoutSeconds: timeout,
            maxAttempts: attempts, webhookURL: nil)
        var work = JobWork(prompt: prompt, recipeName: recipe)
        change(&work)
        let job = Job(spec: spec, work: work, committer: store, memory: memory)
        // A viewer keeps the log in memory beyond the end.
        job.log.attach(store)
        return job
    }

    /// Submits a run.
    @discardableResult
    func submit(_ job: Job) -> Job {
        store.enqueue(job)
        admission.entered()
        mailbox.jobsCreated([job])
        return job
    }

    /// Writes a script that runs as this bench's `--runner`, or as a recipe.
    static func script(_ text: String, shell: String = "/bin/sh") -> [String] { [shell, "-c", text] }

    /// Cancels a run as API does.
    func cancel(_ job: Job) {
        guard case .cancelling(let attempt) = job.cancel(now: Self.now(), waiter: StoreWaiter(observer: store, ticket: 0)) else { return }
        mailbox.cancel(job.id, attempt: attempt)
    }

    // MARK: Waiting

    /// Waits until the store has committed something that makes `condition` true.
    func wait(_ what: String, sourceLocation: SourceLocation = #_sourceLocation, until condition: () -> Bool) throws {
        let came = store.wait(until: condition)
        try #require(came, "never: \(what)", sourceLocation: sourceLocation)
    }

    /// Waits until the run has ended.
    @discardableResult
    func end(of job: Job, sourceLocation: SourceLocation = #_sourceLocation) throws -> JobSnapshot {
        try wait("the end of \(job.id); its log: \(events(of: job))", sourceLocation: sourceLocation) {
            job.published.snapshot.status.isTerminal
        }
        return job.published.snapshot
    }

    /// Waits until an event holds `text`.
    func event(_ text: String, of job: Job, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try wait("\(text) in \(events(of: job))", sourceLocation: sourceLocation) { events(of: job).contains { $0.contains(text) } }
    }

    /// Drains, which waits for all processes, and says which of this bench's still live.
    func leftovers() throws -> [String] {
        drain()
        try waitUntilDrained()
        return Self.processes(of: instance)
    }

    // MARK: Looking

    /// The published log: the envelopes.
    func events(of job: Job) -> [String] {
        let view = job.log.view()
        var events: [String] = []
        var offset = view.start
        while offset < view.head {
            offset += unsafe view.withBytes(at: offset) { bytes in
                var reader = unsafe FrameReader(bytes)
                while let frame = unsafe reader.next() { events.append(unsafe String(decoding: bytes[frame.data], as: UTF8.self)) }
                return unsafe reader.offset
            }
        }
        return events
    }

    /// The runner's own events: without the server's.
    func said(by job: Job) -> [String] {
        let own = ["\"Queued\"", "\"Initializing\"", "{\"percentage\": 100, \"current_step\": \"Complete\"", "\"complete\"", "[DONE]"]
        return events(of: job).filter { event in !own.contains { event.contains($0) } }
    }

    func result(of job: Job) -> String? { store.result(of: job.id) }

    /// A process and all below it.
    static func tree(of pid: Int32) -> [Int32] {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
        return [pid] + text.split(separator: " ").compactMap { Int32($0) }.flatMap { tree(of: $0) }
    }

    /// Whether a process is there and no zombie.
    static func isAlive(_ pid: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
        return !text.contains(") Z ")
    }

    /// The command lines of the living processes that carry an instance's mark.
    static func processes(of instance: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int($0) != nil }.compactMap { name in
            guard let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ"),
                String(decoding: environment, as: UTF8.self).contains("RUNSTREAM_INSTANCE=\(instance)\0")
            else { return nil }
            let command = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
            return "\(name): \(String(decoding: command, as: UTF8.self))"
        }
    }
}

/// A store in miniature: commits what is enqueued at once, or when the test lets it. Any thread.
final class BenchStore: JobCommitter, StoreObserver, LogObserver {
    private struct State {
        var isHolding = false
        var held: [Job] = []
        var results: [JobID: String] = [:]
    }

    private let state = Lock(State())
    /// One commit at a time, as the writer's thread would.
    private let commits = Lock(())
    private let changed = NSCondition()

    func enqueue(_ job: Job) {
        let isHeld = state.withLock { state in
            if state.isHolding { state.held.append(job) }
            return state.isHolding
        }
        if !isHeld { commit(job) }
    }

    private func commit(_ job: Job) {
        let waiters = commits.withLock { _ -> [StoreWaiter] in
            guard let commit = job.takeCommit() else { return [] }
            if let result = commit.result { state.withLock { $0.results[job.id] = String(decoding: result.json, as: UTF8.self) } }
            return job.committed(commit, .committed(oldest: LogOldest()))
        }
        for waiter in waiters { waiter.answer(.committed) }
        signal()
    }

    /// Commits nothing until `release`.
    func hold() { state.withLock { $0.isHolding = true } }

    func release() {
        let held = state.withLock { state in
            defer { state.held = [] }
            state.isHolding = false
            return state.held
        }
        for job in held { commit(job) }
    }

    /// Commits what is held of one job.
    func release(_ job: Job) {
        state.withLock { $0.held.removeAll { $0 === job } }
        commit(job)
    }

    func result(of id: JobID) -> String? { state.withLock { $0.results[id] } }
    func storeAnswered(_ ticket: UInt64, _ answer: StoreAnswer) {}
    func logAdvanced(_ log: EventLog) {}

    private func signal() {
        changed.lock()
        changed.broadcast()
        changed.unlock()
    }

    /// Waits until `condition` is true, looking after each commit.
    func wait(until condition: () -> Bool) -> Bool {
        let deadline = Date(timeIntervalSinceNow: 30)
        changed.lock()
        defer { changed.unlock() }
        while !condition() {
            guard changed.wait(until: deadline) else { return condition() }
        }
        return true
    }
}

/// Raised once; waited for.
final class Flag: Sendable {
    private let condition = NSCondition()
    private let raised = Lock(false)

    func raise() {
        condition.lock()
        raised.withLock { $0 = true }
        condition.broadcast()
        condition.unlock()
    }

    func wait() -> Bool {
        let deadline = Date(timeIntervalSinceNow: 30)
        condition.lock()
        defer { condition.unlock() }
        while !raised.withLock({ $0 }) {
            guard condition.wait(until: deadline) else { return raised.withLock { $0 } }
        }
        return true
    }
}
