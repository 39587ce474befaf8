import EventLoop
import Glibc
import Jobs
import Logging

/// From the line to a process.
extension Executor {
    func enqueue(_ job: Job) {
        line.append(job)
        startNext()
    }

    func startNext() {
        while phase == .open, runners.count + starting.count < context.settings.maxConcurrent, let job = line.popFirst() {
            start(job)
        }
        updateStatistics()
    }

    func start(_ job: Job) {
        let isFirst = job.published.snapshot.attempt == 0
        if isFirst { admission.left() }
        var attempt = 0
        let waiter = context.waiter { [unowned self] in spawnable.append((job, attempt)) }
        guard case .starting(let number) = job.start(now: context.now, waiter: waiter) else {
            context.forget(waiter)
            return
        }
        attempt = number
        starting[job.id] = attempt
        admission.slotTaken()
    }

    /// Starts the process of an attempt whose start is committed.
    ///
    /// - Returns: whether there are more.
    func spawnNext() -> Bool {
        guard !spawnable.isEmpty else { return false }
        let (job, attempt) = spawnable.removeFirst()
        guard starting.removeValue(forKey: job.id) == attempt else { return !spawnable.isEmpty }
        let snapshot = job.published.snapshot
        if snapshot.status == .running, snapshot.attempt == attempt, let work = job.work {
            spawn(job, attempt, work)
        } else {
            slotFreed()
        }
        return !spawnable.isEmpty
    }

    func spawn(_ job: Job, _ attempt: Int, _ work: JobWork) {
        do {
            let words = try words(for: work)
            let runner = try ProcessRunner(
                job: job, attempt: attempt, work: work, words: words, context: context,
                onFailed: { [unowned self] in startFailed($0, $1) },
                onEnd: { [unowned self] in ended($0.job, $1) }, onGone: { [unowned self] in gone($0) })
            runners[job.id] = runner
            statistics.change { $0.started += 1 }
        } catch {
            startFailed(job, attempt, "\(error)")
            slotFreed()
        }
    }

    /// The program of an attempt could not be started.
    private func startFailed(_ runner: ProcessRunner, _ error: SystemError) {
        let (job, attempt) = (runner.job, runner.attempt)
        if error.call == "execve", error.code == ETXTBSY, isWorthWaiting(job, attempt) { return }
        busy[job.id] = nil
        // Who would find out ends with the last run.
        if phase == .draining { return startFailed(job, attempt, "\(error)") }
        context.explain(runner.program, error) { [unowned self] in startFailed(job, attempt, $0) }
    }

    private func startFailed(_ job: Job, _ attempt: Int, _ why: String) {
        context.logger.warning("a run cannot be started", metadata: ["job_id": "\(job.id)", "error": "\(why)"])
        let outcome = AttemptOutcome.failed(error: "Cannot start the runner: \(why)")
        ended(job, job.finish(attempt: attempt, outcome, now: context.now, random: context.random()))
    }

    // MARK: A program that is being written

    /// A start that is tried again.
    struct BusyProgram {
        let job: Job
        let attempt: Int
        let since: Monotonic
        var timer: LoopTimer?
    }

    private func isWorthWaiting(_ job: Job, _ attempt: Int) -> Bool {
        let now = context.loop.now
        if let program = busy[job.id], program.attempt == attempt { return now - program.since < Limits.busyPatience }
        busy[job.id] = BusyProgram(job: job, attempt: attempt, since: now)
        return true
    }

    /// Starts a run's program once more in a moment; its slot stays taken.
    ///
    /// - Returns: whether there is need to.
    func startAgain(_ runner: ProcessRunner) -> Bool {
        let (job, attempt) = (runner.job, runner.attempt)
        guard busy[job.id]?.attempt == attempt, runner.hasFailedToStart else {
            busy[job.id] = nil
            return false
        }
        if phase == .open, job.published.snapshot.status == .running,
            let timer = try? LoopTimer(loop: context.loop, handler: { [unowned self] in spawnable.append((job, attempt)) })
        {
            starting[job.id] = attempt
            busy[job.id]?.timer = timer
            timer.schedule(after: Limits.busyInterval)
            return true
        }
        busy[job.id] = nil
        // The server goes down, or there is no memory for a timer; nothing, if it was cancelled.
        ended(job, job.finish(attempt: attempt, .crashed, now: context.now, random: context.random()))
        return false
    }

    func words(for work: JobWork) throws(RunStartError) -> [String] {
        if let name = work.recipeName {
            guard let path = context.settings.recipes?.path(of: name) else {
                throw .noRecipe(name, problem: context.settings.recipes?.problem)
            }
            return [path]
        }
        guard let words = context.settings.runner else { throw .noRunner }
        return words
    }
}
