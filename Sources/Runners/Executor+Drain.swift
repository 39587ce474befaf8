import EventLoop
import Jobs

/// Going down: no new starts, then an end for what still runs.
extension Executor {
    /// Starts nothing any more and gives running runs the drain grace, the kill grace inside; what then still runs is ended and recorded as
    /// a crash.
    ///
    /// - Parameter completion: called on the loop once no process of a run is left; at the latest when the grace is over and SIGKILL had
    ///   its moment.
    package func drain(completion: @escaping () -> Void) {
        guard phase != .draining else { return }
        phase = .draining
        onDrained = completion
        updateStatistics()
        guard hasRuns else { return drained() }
        let settings = context.settings
        schedule(after: settings.drainGrace - settings.drainKillGrace) { executor in
            executor.crashAll(grace: settings.drainKillGrace)
            // Their own timers kill at that moment; this one is for what does not die even so.
            executor.schedule(after: settings.drainKillGrace + Limits.drainPatience) { $0.drained() }
        }
    }

    /// Kills at once what still runs, and records it as a crash. For a second SIGTERM; drains if that had not begun.
    package func hurry(completion: @escaping () -> Void = {}) {
        drain(completion: completion)
        guard onDrained != nil else { return }
        crashAll(grace: .zero)
        for runner in runners.values { runner.hurry() }
        schedule(after: Limits.drainPatience) { $0.drained() }
    }

    private func crashAll(grace: Duration) {
        crashStarting()
        for runner in Array(runners.values) { runner.crash(grace: grace) }
        if !hasRuns { drained() }
    }

    func drained() {
        guard let onDrained else { return }
        self.onDrained = nil
        drainTimer?.cancel()
        drainTimer = nil
        // Before anything else, since it also ends what could not be ended in time.
        context.guardian.stop()
        LeaderNotes.remove(context.guardian.notes)
        context.files.stop(within: context.settings.filesPatience)
        context.results.stop(within: context.settings.filesPatience)
        onDrained()
    }

    private func schedule(after delay: Duration, _ body: @escaping (Executor) -> Void) {
        guard onDrained != nil else { return }
        do {
            let timer = try LoopTimer(loop: context.loop) { [unowned self] in body(self) }
            drainTimer = timer
            timer.schedule(after: delay)
        } catch {
            body(self)
        }
    }
}
