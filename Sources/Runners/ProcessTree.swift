import CProcess
import EventLoop
import Glibc
import Logging

/// A run's processes: the leader, its group, and its descendants in whatever group or session. Ends them and says when all are gone.
///
/// Ending: SIGTERM to all, after the grace SIGKILL, repeated until nothing is left, since a process may fork while it is looked for. The
/// leader is reaped last, so that its group's number is nobody else's before. Confined to the control loop.
@safe final class ProcessTree {
    private let leader: pid_t
    private let identity: RunIdentity
    private let reaper: Reaper
    private let logger: Logger
    private let loop: Loop
    private var timer: LoopTimer?
    /// The ends of those that were found so far.
    private var watches: [pid_t: ChildWatch] = [:]
    private var onGone: (() -> Void)?
    private var isKilling = false
    private var isLeaderDead = false

    /// Takes charge of a process that was just started as the leader of its group.
    init(leader: pid_t, identity: RunIdentity, reaper: Reaper, loop: Loop, logger: Logger) throws(SystemError) {
        self.leader = leader
        self.identity = identity
        self.reaper = reaper
        self.logger = logger
        self.loop = loop
        reaper.add(leader: leader)
        timer = try LoopTimer(loop: loop) { [unowned self] in kill() }
    }

    /// Whether `end` was called.
    var isEnding: Bool { onGone != nil }

    /// Ends all of the run's processes.
    ///
    /// - Parameters:
    ///   - grace: the time between SIGTERM and SIGKILL.
    ///   - onGone: called once, when none is left and the leader is reaped; at once where that is so already.
    func end(grace: Duration, onGone: @escaping () -> Void) {
        guard self.onGone == nil else { return }
        self.onGone = onGone
        guard signalAll(SIGTERM) else { return finish() }
        timer?.schedule(after: grace)
    }

    /// Gives a process up that nobody can watch: kills its group and reaps it, which takes a moment.
    func abandon() {
        Glibc.kill(-leader, SIGKILL)
        reaper.release(leader: leader, waiting: true)
    }

    /// Does not wait for the grace any longer.
    func hurry() {
        guard isEnding, !isKilling else { return }
        kill()
    }

    /// One that was found has ended. Those that it leaves, or had started after it was signalled, are found at the last one's end.
    private func exited(_ pid: pid_t) {
        watches[pid] = nil
        guard watches.isEmpty else { return }
        guard signalAll(isKilling ? SIGKILL : SIGTERM) else { return finish() }
    }

    private func kill() {
        if !isKilling { logger.debug("killing what is left of a run", metadata: ["job_id": "\(identity.jobID)", "pid": "\(leader)"]) }
        isKilling = true
        guard signalAll(SIGKILL) else { return finish() }
        timer?.schedule(after: Limits.killInterval)
    }

    private func finish() {
        guard let onGone else { return }
        timer?.cancel()
        timer = nil
        watches = [:]
        reaper.release(leader: leader)
        self.onGone = nil
        onGone()
    }

    /// Signals every process of the run and watches for their ends.
    ///
    /// - Returns: false when there is none.
    private func signalAll(_ signal: Int32) -> Bool {
        let members = members()
        guard !members.isEmpty else { return false }
        // The group by its number in one call, which a fork cannot outrun; the number is ours while the leader is not reaped.
        Glibc.kill(-leader, signal)
        var hasSeenDeath = false
        for member in members {
            if member.group != leader { _ = rs_signal_process(member.pid, member.startTime, signal) }
            guard watches[member.pid] == nil else { continue }
            do {
                watches[member.pid] = try ChildWatch(loop: loop, pid: member.pid) { [unowned self] in exited(member.pid) }
            } catch {
                // It has just been reaped; or descriptors are short, and then the timer finds out.
                hasSeenDeath = hasSeenDeath || error.code == ESRCH
            }
        }
        return watches.isEmpty && hasSeenDeath ? signalAll(signal) : true
    }

    /// The run's processes that have not ended: below the leader while it lives, and below those orphans that carry the run's mark or are
    /// of its group.
    private func members() -> [ProcessTable.Entry] {
        while true {
            var found: [pid_t: ProcessTable.Entry] = [:]
            var open: [pid_t] = reaper.orphans().filter { isOurs($0) }
            if !isLeaderDead { open.append(leader) }
            var hasSeenDeath = false
            while let pid = open.popLast() {
                guard found[pid] == nil, let entry = ProcessTable.entry(pid) else { continue }
                if entry.isZombie {
                    if pid == leader { isLeaderDead = true }
                    hasSeenDeath = true
                    continue
                }
                found[pid] = entry
                open += ProcessTable.children(of: pid)
            }
            // One that died after the orphans were listed has left its children to us since: only a look without a death finds nothing for
            // sure.
            if !found.isEmpty || !hasSeenDeath { return Array(found.values) }
        }
    }

    private func isOurs(_ orphan: pid_t) -> Bool {
        if ProcessTable.entry(orphan)?.group == leader { return true }
        return ProcessTable.environment(of: orphan, has: identity.jobVariable)
            && ProcessTable.environment(of: orphan, has: identity.instanceVariable)
    }
}
