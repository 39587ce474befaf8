import EventLoop
import Jobs

/// One attempt of a run: its process from the start until nothing of it is left.
///
/// What the process writes goes through `RunnerOutput` into the job; how it ends becomes the attempt's outcome. The outcome is reported
/// first and the rest of the process tree ended behind it; the slot stays taken until that is gone. Confined to the control loop.
@safe package final class ProcessRunner {
    package let job: Job
    package let attempt: Int
    let context: RunnerContext
    /// The program's path.
    let program: String
    /// Whether its program could not be started.
    private(set) var hasFailedToStart = false
    private let directory: RunDirectory
    private let onFailed: (ProcessRunner, SystemError) -> Void
    private let onEnd: (ProcessRunner, FinishOutcome) -> Void
    private let onGone: (ProcessRunner) -> Void

    var output = RunnerOutput()
    private var process: RunProcess?
    private var stdin: StdinFeeder?
    var stdout: RunnerPipe?
    var stderr: RunnerPipe?
    private var timeout: LoopTimer?
    private var stdoutDeadline: LoopTimer?
    var frameTimer: LoopTimer?
    var exit: ExitStatus?
    /// What the attempt becomes once its processes have been asked to end, unless its program has exited before.
    private var pending: AttemptOutcome?
    var isPaused = false
    var isStdoutOverdue = false
    var phase = Phase.running

    enum Phase {
        case running
        /// The process has ended; its result file is being read.
        case collecting
        /// The outcome is reported, or nobody asks for it any more.
        case ended
    }

    /// Has the process of an attempt started whose start is committed.
    ///
    /// - Parameters:
    ///   - job: the run.
    ///   - attempt: which attempt of it this is.
    ///   - work: what the runner is told.
    ///   - words: the program and its arguments.
    ///   - context: what it shares with other runners.
    ///   - onFailed: called if the program could not be started; then `onEnd` is not called.
    ///   - onEnd: called once with what the job made of the outcome; not after `cancel`.
    ///   - onGone: called once, last: nothing of the attempt is left.
    /// - Throws: the system call that failed; nothing is left behind then, and none of the handlers is called.
    init(
        job: Job, attempt: Int, work: JobWork, words: [String], context: RunnerContext,
        onFailed: @escaping (ProcessRunner, SystemError) -> Void, onEnd: @escaping (ProcessRunner, FinishOutcome) -> Void,
        onGone: @escaping (ProcessRunner) -> Void
    ) throws(SystemError) {
        self.job = job
        self.attempt = attempt
        self.context = context
        program = words.first ?? ""
        self.onFailed = onFailed
        self.onEnd = onEnd
        self.onGone = onGone
        let settings = context.settings
        directory = try RunDirectory(in: settings.attemptsDirectory, id: job.id, attempt: attempt, random: context.random())
        do {
            let identity = RunIdentity(jobID: job.id, instance: settings.instanceID)
            let plan = StartPlan(
                words: words,
                environment: context.environment.with(identity: identity, spec: job.spec, attempt: attempt, directory: directory),
                directory: directory, fileLimit: settings.childFileLimit, jobID: "\(job.id)")
            try start(plan, RunnerInput.line(spec: job.spec, work: work, attempt: attempt))
        } catch {
            context.files.post(.remove(path: directory.path))
            throw error
        }
    }

    private func start(_ plan: StartPlan, _ line: [UInt8]) throws(SystemError) {
        let loop = context.loop
        stdoutDeadline = try LoopTimer(loop: loop) { [unowned self] in stdoutIsOverdue() }
        timeout = try LoopTimer(loop: loop) { [unowned self] in timedOut() }
        let input = try Pipe(ours: .writing)
        let output = try Pipe(ours: .reading)
        let errors = try Pipe(ours: .reading)
        stdout = try RunnerPipe(output.ours, loop: loop) { [unowned self] in readStdout() }
        stderr = try RunnerPipe(errors.ours, loop: loop) { [unowned self] in readStderr() }
        stdin = try StdinFeeder(input.ours, line, loop: loop)
        process = try context.guardian.start(plan, input: input.theirs, output: output.theirs, errors: errors.theirs) { [weak self] in
            self?.happened($0)
        }
        timeout?.schedule(after: .seconds(job.spec.timeoutSeconds))
    }

    private func happened(_ event: RunProcess.Event) {
        switch event {
        case .failed(let error): startFailed(error)
        case .exited(let status):
            exit = status
            leaderExited()
        case .asked: asked()
        case .lost: lost()
        case .gone:
            lost()
            if phase == .ended { gone() }
        }
    }

    private func startFailed(_ error: SystemError) {
        guard phase == .running else { return }
        phase = .ended
        hasFailedToStart = true
        timeout?.cancel()
        onFailed(self, error)
    }

    // MARK: Ending it

    /// The run was cancelled: its processes are ended, and what they still write is dropped.
    func cancel() {
        phase = .ended
        endTree(grace: context.settings.killGrace)
    }

    /// The server goes down: the attempt is recorded as a crash and its processes ended.
    ///
    /// Not an attempt whose process has exited by itself: its exit counts, though something may still hold its stdout or its result file is
    /// being read.
    func crash(grace: Duration) {
        switch phase {
        case .ended: process?.limit(grace: grace)
        case .collecting: break
        case .running where exit == nil:
            pending = pending ?? .crashed
            process?.end(grace: grace)
        case .running: collect()
        }
    }

    /// Leaves its processes no more time.
    func hurry() {
        if phase != .collecting { process?.kill() }
    }

    private func timedOut() {
        guard phase == .running, exit == nil, pending == nil else { return }
        pending = .timedOut(seconds: job.spec.timeoutSeconds)
        process?.end(grace: context.settings.killGrace)
    }

    /// Its processes have been asked to end. If the program had exited in time, that was told before: this process may have been stopped,
    /// or busy, when it did.
    private func asked() {
        guard phase == .running, exit == nil, let pending else { return }
        report(complete(pending))
    }

    /// With what the program has said until now, its unfinished line included: that is where it waits.
    private func complete(_ outcome: AttemptOutcome) -> AttemptOutcome {
        guard case .timedOut(let seconds, _) = outcome else { return outcome }
        let now = context.loop.now
        var rest = Limits.lastReadBytes
        while rest > 0, let stderr, case .bytes(let count) = stderr.read(into: &context.buffer) {
            rest -= count
            let buffer = context.buffer
            output.readStderr(unsafe buffer.span.bytes.extracting(0..<count), now: now, into: &context.batch)
        }
        output.endStderr(now: now, into: &context.batch)
        flush()
        return .timedOut(seconds: seconds, failure(nil))
    }

    private func failure(_ exit: ExitStatus?) -> JobFailure {
        JobFailure(exitStatus: exit?.status, signal: exit?.signal, stderrTail: output.errorTail)
    }

    /// How the program ends won't be known any more.
    private func lost() {
        guard phase == .running, exit == nil else { return }
        report(complete(pending ?? .crashed), grace: .zero)
    }

    private func report(_ outcome: AttemptOutcome, grace: Duration) {
        phase = .ended
        timeout?.cancel()
        onEnd(self, job.finish(attempt: attempt, outcome, now: context.now, random: context.random()))
        endTree(grace: grace)
    }

    private func endTree(grace: Duration) {
        timeout?.cancel()
        stdoutDeadline?.cancel()
        // What a process writes while it ends must not make it wait.
        resume()
        if process?.isGone == true { gone() } else { process?.end(grace: grace) }
    }

    private func gone() {
        guard process != nil else { return }
        process = nil
        stdin = nil
        stdout = nil
        stderr = nil
        context.files.post(.remove(path: directory.path))
        onGone(self)
    }

    // MARK: The end of the process

    private func leaderExited() {
        guard phase == .running else { return }
        stdin = nil
        if stdout == nil { collect() } else { stdoutDeadline?.schedule(after: Limits.stdoutGrace) }
    }

    /// The leader has exited, and something else still holds stdout.
    private func stdoutIsOverdue() {
        isStdoutOverdue = true
        // What waits in the pipe is read first, and only when the log has room for it.
        if !isPaused { collect() }
    }

    /// The attempt is over: reads what is left and reports the outcome.
    func collect() {
        guard phase == .running, let exit else { return }
        phase = .collecting
        // It has ended in time, however long its result file has to wait to be read.
        timeout?.cancel()
        stdoutDeadline?.cancel()
        let now = context.loop.now
        drain(&stdout) { output.readStdout($0, now: now, with: &context.reader, into: &context.batch) }
        output.endStdout(now: now, with: &context.reader, into: &context.batch)
        drain(&stderr) { output.readStderr($0, now: now, into: &context.batch) }
        output.endStderr(now: now, into: &context.batch)
        flush()
        if let error = exit.error(lastLine: output.lastErrorLine) { return report(.failed(error: error, failure(exit))) }
        guard ResultFile.exists(directory.result) else { return report(.succeeded(output.result)) }
        context.readResult(directory.result) { [weak self] in self?.resultRead($0) }
    }

    private func resultRead(_ file: ResultFile) {
        guard phase == .collecting else { return }
        switch file {
        case .none: report(.succeeded(output.result))
        case .result(let json): report(.succeeded(JobResult(json: json)))
        case .unusable(let error): report(.failed(error: error, failure(exit)))
        }
    }

    private func report(_ outcome: AttemptOutcome) { report(outcome, grace: context.settings.killGrace) }

    /// Reads a pipe until it is empty or at its end, within a bound, and closes it.
    private func drain(_ pipe: inout RunnerPipe?, _ take: (RawSpan) -> Void) {
        var rest = Limits.lastReadBytes
        while rest > 0, let open = pipe, case .bytes(let count) = open.read(into: &context.buffer) {
            rest -= count
            let buffer = context.buffer
            take(unsafe buffer.span.bytes.extracting(0..<count))
        }
        pipe = nil
    }
}
