import EventLoop
import Jobs
import Logging

/// What the runners of one control loop share. Confined to it.
@safe final class RunnerContext {
    let loop: Loop
    let settings: RunnerSettings
    let memory: LogMemory
    let guardian: Guardian
    /// What all runs get of the server's environment.
    let environment: RunnerEnvironment
    private let reaper: Reaper
    /// Removes directories.
    let files: RunFiles
    /// Reads result files: on a thread of its own, so that no result waits for the removal of somebody's large directory.
    let results: RunFiles
    let mailbox: ExecutorMailbox
    let logger: Logger
    private let clock: @Sendable () -> Timestamp
    private let randomBits: @Sendable () -> UInt64
    private var lastTicket: UInt64 = 0
    private var waits: [UInt64: () -> Void] = [:]
    private var resultWaits: [UInt64: (ResultFile) -> Void] = [:]
    private var explanationWaits: [UInt64: (String) -> Void] = [:]

    /// Memory to work in: one line, one batch and one read are under way at a time.
    var reader = RunnerLine()
    var batch = EventBatch()
    var buffer = [UInt8](repeating: 0, count: Limits.readBytes)

    init(
        loop: Loop, settings: RunnerSettings, memory: LogMemory, mailbox: ExecutorMailbox, clock: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable () -> UInt64, logger: Logger
    ) throws {
        self.loop = loop
        self.settings = settings
        self.memory = memory
        self.mailbox = mailbox
        self.clock = clock
        self.randomBits = random
        self.logger = logger
        environment = RunnerEnvironment(server: settings.environment)
        reaper = try Reaper(loop: loop)
        guardian = try Guardian(
            capacity: settings.maxConcurrent, notes: LeaderNotes.path(in: settings.attemptsDirectory, random: random()), reaper: reaper,
            loop: loop, logger: logger)
        files = try RunFiles(name: "rs-run-files") { _, _ in
        } onExplained: { _, _ in
        }
        results = try RunFiles(name: "rs-run-results") {
            mailbox.resultRead($0, $1)
        } onExplained: {
            mailbox.explained($0, $1)
        }
    }

    var now: Timestamp { clock() }
    func random() -> UInt64 { randomBits() }

    /// One who waits for the store: `body` runs on the loop once it has answered.
    func waiter(_ body: @escaping () -> Void) -> StoreWaiter {
        lastTicket += 1
        waits[lastTicket] = body
        return StoreWaiter(observer: mailbox, ticket: lastTicket)
    }

    /// Forgets one who is not going to be answered.
    func forget(_ waiter: StoreWaiter) { waits[waiter.ticket] = nil }

    /// Has a result file read on the results' thread; `body` runs on the loop.
    func readResult(_ path: String, _ body: @escaping (ResultFile) -> Void) {
        lastTicket += 1
        resultWaits[lastTicket] = body
        results.post(.readResult(path: path, ticket: lastTicket))
    }

    /// Has somebody find out why a program could not be started; `body` runs on the loop.
    func explain(_ path: String, _ error: SystemError, _ body: @escaping (String) -> Void) {
        lastTicket += 1
        explanationWaits[lastTicket] = body
        results.post(.explain(path: path, error, ticket: lastTicket))
    }

    func explained(_ ticket: UInt64, _ why: String) { explanationWaits.removeValue(forKey: ticket)?(why) }
    func answered(_ ticket: UInt64) { waits.removeValue(forKey: ticket)?() }
    func resultRead(_ ticket: UInt64, _ file: ResultFile) { resultWaits.removeValue(forKey: ticket)?(file) }
}
