import EventLoop
import Jobs
import Logging

/// Starts runs in their order, a bounded number at a time, and retries them when their time has come. Confined to the control loop.
///
/// A run's way: `jobsCreated` -> line -> slot -> `Job.start`, committed -> `ProcessRunner` -> outcome -> its processes gone -> slot free. It
/// starts nothing before `recover` has ended what an earlier server left behind.
@safe package final class Executor {
    /// For other threads.
    package let mailbox: ExecutorMailbox
    package let statistics: ExecutorStatistics
    let context: RunnerContext
    let admission: Admission

    var line = RunLine()
    /// Attempts whose start waits for its commit, or for the next turn.
    var starting: [JobID: Int] = [:]
    var spawnable: [(job: Job, attempt: Int)] = []
    var runners: [JobID: ProcessRunner] = [:]
    var retries: [JobID: Retry] = [:]
    /// Programs that were being written when their runs were to start.
    var busy: [JobID: BusyProgram] = [:]
    private var recovery: Recovery?
    var phase = Phase.recovering
    var drainTimer: LoopTimer?
    var onDrained: (() -> Void)?

    enum Phase { case recovering, open, draining }

    /// A run that waits for its next attempt.
    struct Retry {
        let job: Job
        let timer: LoopTimer
        /// Its time has come, but its last attempt's processes are not gone.
        var isDue = false
    }

    /// Starts the guardian, makes the process a subreaper, and takes its SIGCHLD.
    ///
    /// - Parameters:
    ///   - loop: the control loop, before it runs or on it; whoever makes the executor keeps it there.
    ///   - settings: what the flags say.
    ///   - admission: counts who waits and which slots are taken.
    ///   - memory: that of all jobs, whose unpublished bytes hold runners back.
    ///   - clock: tells the time.
    ///   - random: random bits, which spread retries.
    ///   - logger: for what an operator should know.
    /// - Throws: `SystemError`.
    package init(
        loop: Loop, settings: RunnerSettings, admission: Admission, memory: LogMemory, clock: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable () -> UInt64, logger: Logger
    ) throws {
        SignalWatch.ignoreBrokenPipes()
        try RunDirectory.prepare(settings.attemptsDirectory)
        let relay = Relay()
        mailbox = ExecutorMailbox(try Inbox(loop: loop) { relay.executor?.handle($0) })
        self.admission = admission
        statistics = ExecutorStatistics(maxConcurrent: settings.maxConcurrent)
        context = try RunnerContext(
            loop: loop, settings: settings, memory: memory, mailbox: mailbox, clock: clock, random: random, logger: logger)
        relay.executor = self
        // One start a turn, about 100 us: a burst of starts delays nobody's output.
        loop.afterEachTurn { relay.executor?.spawnNext() ?? false }
    }

    /// Lets the inbox reach the executor without keeping it.
    private final class Relay {
        weak var executor: Executor?
    }

    private func handle(_ message: ExecutorMailbox.Message) {
        switch message {
        case .created(let jobs): for job in jobs { enqueue(job) }
        case .cancelled(let id, let attempt): cancelled(id, attempt: attempt)
        case .lost(let id): lost(id)
        case .answered(let ticket): context.answered(ticket)
        case .resultRead(let ticket, let file): context.resultRead(ticket, file)
        case .explained(let ticket, let why): context.explained(ticket, why)
        }
    }

    // MARK: Recovery

    /// Ends every process of an earlier server on this database, then takes up its runs: interrupted ones count as crashed, waiting ones
    /// get in line or wait for their time.
    ///
    /// Once, also when there are no runs; nothing starts before.
    ///
    /// - Parameters:
    ///   - jobs: all that had not ended, in order of creation.
    ///   - completion: called on the loop when all that is done.
    /// - Throws: `SystemError` for want of memory.
    package func recover(_ jobs: [Job], completion: @escaping () -> Void = {}) throws {
        var counted: Set<JobID> = []
        for job in jobs where job.published.snapshot.attempt == 0 && job.published.snapshot.status == .queued {
            admission.entered()
            counted.insert(job.id)
        }
        let recovery = try Recovery(loop: context.loop, logger: context.logger, find: Leftovers(of: context.settings).find)
        self.recovery = recovery
        try recovery.run(grace: context.settings.killGrace) { [unowned self] in
            self.recovery = nil
            // Only now: until then a process of an earlier attempt may have worked in one of them.
            for path in RunDirectory.leftovers(in: context.settings.attemptsDirectory) { context.files.post(.remove(path: path)) }
            LeaderNotes.removeOthers(than: context.guardian.notes)
            // Runs that were created meanwhile are behind those.
            let created = line
            line = RunLine()
            for job in jobs {
                let snapshot = job.published.snapshot
                takeUp(job, snapshot)
                // One that was cancelled meanwhile leaves the line that it never stood in.
                if counted.contains(job.id), snapshot.status.isTerminal { admission.left() }
            }
            line.append(contentsOf: created)
            if phase == .recovering { phase = .open }
            completion()
            startNext()
        }
    }

    private func takeUp(_ job: Job, _ snapshot: JobSnapshot) {
        switch snapshot.status {
        case .queued:
            if let nextAt = snapshot.nextAt { retry(job, at: nextAt) } else { enqueue(job) }
        case .running:
            ended(job, job.finish(attempt: snapshot.attempt, .crashed, now: context.now, random: context.random()))
        case .succeeded, .failed, .cancelled: break
        }
    }

    // MARK: Ending

    func ended(_ job: Job, _ outcome: FinishOutcome) {
        switch outcome {
        case .ended(let status): statistics.change { $0.count(status) }
        case .retrying(let moment): retry(job, at: moment)
        case .stale: break
        }
    }

    func gone(_ runner: ProcessRunner) {
        guard runners[runner.job.id] === runner else { return }
        runners[runner.job.id] = nil
        if startAgain(runner) { return }
        if retries[runner.job.id]?.isDue == true, let retry = retries.removeValue(forKey: runner.job.id) { line.append(retry.job) }
        slotFreed()
    }

    func slotFreed() {
        admission.slotFreed()
        startNext()
        if phase == .draining, !hasRuns { drained() }
    }

    private func retry(_ job: Job, at moment: Timestamp) {
        do {
            let timer = try LoopTimer(loop: context.loop) { [unowned self] in retryIsDue(job.id) }
            retries[job.id] = Retry(job: job, timer: timer)
            // The moment is the wall clock's; a wait beyond the longest one means that the clock was set meanwhile.
            timer.schedule(after: min(moment - context.now, RetryDelay.longest))
        } catch {
            // Out of memory for a timer: better early than never.
            line.append(job)
        }
        updateStatistics()
    }

    private func retryIsDue(_ id: JobID) {
        guard let retry = retries[id] else { return }
        guard runners[id] == nil else {
            retries[id]?.isDue = true
            return
        }
        retries[id] = nil
        enqueue(retry.job)
    }

    private func cancelled(_ id: JobID, attempt: Int?) {
        statistics.change { $0.count(.cancelled) }
        if let attempt { end(id, attempt: attempt) } else { leaveLine(id) }
        updateStatistics()
    }

    private func end(_ id: JobID, attempt: Int) {
        if let runner = runners[id], runner.attempt == attempt { runner.cancel() }
        if starting[id] == attempt {
            starting[id] = nil
            slotFreed()
        }
    }

    private func leaveLine(_ id: JobID) {
        retries[id] = nil
        if let job = line.remove(id), job.published.snapshot.attempt == 0 { admission.left() }
    }

    /// Another server writes the run now: this one's attempt must not go on beside that one's.
    private func lost(_ id: JobID) {
        if let attempt = runners[id]?.attempt ?? starting[id] { end(id, attempt: attempt) }
        leaveLine(id)
        updateStatistics()
    }

    // MARK: For the shutdown

    var hasRuns: Bool { !runners.isEmpty || !starting.isEmpty }

    /// Attempts whose process was not started yet crash with the others.
    func crashStarting() {
        for (job, attempt) in spawnable where starting.removeValue(forKey: job.id) == attempt {
            ended(job, job.finish(attempt: attempt, .crashed, now: context.now, random: context.random()))
            admission.slotFreed()
        }
        for (id, program) in busy where starting[id] == program.attempt {
            starting[id] = nil
            ended(program.job, program.job.finish(attempt: program.attempt, .crashed, now: context.now, random: context.random()))
            admission.slotFreed()
        }
        busy = [:]
        spawnable = []
        // The starts of the rest are committed while the server goes down; the next one finds them running and counts them as crashed.
        for _ in starting { admission.slotFreed() }
        starting = [:]
    }

    func updateStatistics() {
        statistics.change {
            $0.running = runners.count + starting.count
            $0.queued = line.count
            $0.retrying = retries.count
            $0.isDraining = phase == .draining
        }
    }
}
