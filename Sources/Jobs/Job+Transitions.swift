/// The state machine: each transition appends its events, folds them into the snapshot and hands the job to the writer.
extension Job {
    /// The run's turn has come. The process is started when `waiter` hears `.committed`: an attempt's start is committed before it is spawned.
    package func start(now: Timestamp, waiter: StoreWaiter) -> StartOutcome {
        change { state in
            guard state.snapshot.status == .queued else { return .refused }
            state.snapshot.status = .running
            state.snapshot.attempt += 1
            state.snapshot.startedAt = state.snapshot.startedAt ?? now
            state.snapshot.nextAt = nil
            state.snapshot.error = nil
            state.report(JobProgress(currentStep: "\"Initializing\""))
            _ = state.wait(waiter)
            return .starting(attempt: state.snapshot.attempt)
        }
    }

    /// Takes a runner's events. What a runner says after its attempt has ended (cancel, timeout) is dropped.
    package func append(_ batch: EventBatch, attempt: Int) -> AppendOutcome {
        guard !batch.isEmpty else { return .appended(unpublishedBytes: unpublishedBytes) }
        return change { state in
            guard state.snapshot.status == .running, state.snapshot.attempt == attempt else { return .stale }
            state.append(batch)
            return .appended(unpublishedBytes: state.tail.end.offset - state.committed.end.offset)
        }
    }

    /// An attempt is over: the run ends, or waits for its next attempt.
    ///
    /// `random`, any 64 random bits, spreads retries.
    package func finish(attempt: Int, _ outcome: AttemptOutcome, now: Timestamp, random: UInt64) -> FinishOutcome {
        change { state in
            guard state.snapshot.status == .running, state.snapshot.attempt == attempt else { return .stale }
            guard let end = outcome.failedEnd else {
                if state.snapshot.progress.percentage != "100" {
                    var progress = JobProgress(percentage: "100", currentStep: "\"Complete\"")
                    let envelope = JobEvent.progress(progress)
                    progress.stepsCompleted = state.snapshot.progress.stepsCompleted
                    progress.stepsTotal = state.snapshot.progress.stepsTotal
                    state.append(envelope)
                    state.snapshot.progress = progress
                }
                if case .succeeded(let result) = outcome { state.result = result }
                state.end(.succeeded, id: id, error: nil, now: now)
                return .ended(.succeeded)
            }
            guard attempt < spec.maxAttempts else {
                if let failure = outcome.failure { state.result = JobResult(json: failure.json) }
                state.end(.failed, id: id, error: end.error, now: now)
                return .ended(.failed)
            }
            let nextAt = now + RetryDelay.delay(afterAttempt: attempt, random: random)
            state.snapshot.status = .queued
            state.snapshot.error = end.error
            state.snapshot.nextAt = nextAt
            state.snapshot.progress = JobProgress()
            state.append(
                JobEvent.retry(attempt: attempt, of: spec.maxAttempts, reason: end.reason, error: end.error, nextAt: nextAt))
            return .retrying(at: nextAt)
        }
    }

    /// Ends a run on a client's word. Terminal at once; the caller ends the process behind it.
    ///
    /// `waiter` hears `.committed` when the answer may be given, unless the outcome is `.ended`.
    package func cancel(now: Timestamp, waiter: StoreWaiter) -> CancelOutcome {
        change { state in
            guard !state.snapshot.status.isTerminal else { return state.wait(waiter) ? .ending : .ended }
            let running = state.snapshot.status == .running ? state.snapshot.attempt : nil
            state.end(.cancelled, id: id, error: nil, now: now)
            _ = state.wait(waiter)
            return .cancelling(attempt: running)
        }
    }
}

package enum StartOutcome: Equatable, Sendable {
    case starting(attempt: Int)
    /// It is not queued any more: cancelled meanwhile.
    case refused
}

package enum AppendOutcome: Equatable, Sendable {
    /// - unpublishedBytes: what of this job waits for its commit; over a bound, stop reading the runner's pipe.
    case appended(unpublishedBytes: Int)
    /// The attempt is over: drop what still comes.
    case stale
}

/// How an attempt ended.
package enum AttemptOutcome: Equatable, Sendable {
    case succeeded(JobResult?)
    case failed(error: String, JobFailure? = nil)
    case timedOut(seconds: Int, JobFailure? = nil)
    /// The server went down, or shut down, under it.
    case crashed

    /// What is known of it besides the error.
    var failure: JobFailure? {
        switch self {
        case .succeeded, .crashed: nil
        case .failed(_, let failure), .timedOut(_, let failure): failure
        }
    }

    var failedEnd: (reason: String, error: String)? {
        switch self {
        case .succeeded: nil
        case .failed(let error, _): ("failed", error)
        case .timedOut(let seconds, _): ("timeout", "Timed out after \(seconds) s")
        case .crashed: ("crash", "Interrupted by a server restart")
        }
    }
}

package enum FinishOutcome: Equatable, Sendable {
    case ended(JobStatus)
    case retrying(at: Timestamp)
    /// Cancelled or timed out before, or another attempt's: nothing changed.
    case stale
}

package enum CancelOutcome: Equatable, Sendable {
    /// Answer 200 once committed. The attempt whose process is to be ended, if one was running.
    case cancelling(attempt: Int?)
    /// Something that is not published yet ended it: answer 409 once committed.
    case ending
    /// Answer 409.
    case ended
}

/// How long a retry waits: d/2 + random x d/2 with d = min(300 s, 2^(n-1) s), so that runs that failed together do not come back together.
package enum RetryDelay {
    /// No retry waits longer, whatever moment its run was stored with: the clock may have been wrong then, or is now.
    package static let longest = Duration.seconds(longestSeconds)
    private static let longestSeconds = 300

    static func delay(afterAttempt attempt: Int, random: UInt64) -> Duration {
        let seconds = min(longestSeconds, 1 << min(max(attempt - 1, 0), 9))
        let half = Int64(seconds) * 500_000
        let spread = Double(random >> 11) / Double(UInt64(1) << 53)
        // number: at most 150 s in microseconds, times less than 1
        return .microseconds(half + Int64(Double(half) * spread))
    }
}
