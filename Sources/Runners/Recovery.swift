import CProcess
import EventLoop
import Glibc
import Logging

/// Ends what an earlier server on the same database left running, so that no attempt runs beside its successor: every process whose
/// environment holds this instance, and what is below it. They are nobody's children here, so their ends are seen by pidfds. Confined to
/// the control loop.
@safe final class Recovery {
    private let variable: String
    private let loop: Loop
    private let logger: Logger
    private var timer: LoopTimer?
    private var watches: [pid_t: ChildWatch] = [:]
    private var killSince: Monotonic?
    private var onDone: (() -> Void)?

    init(instance: String, loop: Loop, logger: Logger) throws(SystemError) {
        variable = RunIdentity.variable(instance: instance)
        self.loop = loop
        self.logger = logger
        timer = try LoopTimer(loop: loop) { [unowned self] in kill() }
    }

    /// SIGTERM, after the grace SIGKILL; `completion` is called once, when none is left.
    func run(grace: Duration, completion: @escaping () -> Void) throws(SystemError) {
        onDone = completion
        let left = leftovers()
        guard !left.isEmpty else { return finish() }
        logger.notice("ending processes that an earlier server left", metadata: ["count": "\(left.count)"])
        for entry in left { end(entry, SIGTERM) }
        timer?.schedule(after: grace)
    }

    private func kill() {
        let left = leftovers()
        let since = killSince ?? loop.now
        killSince = since
        guard !left.isEmpty, loop.now - since < Limits.recoveryPatience else {
            if !left.isEmpty { logger.error("processes of an earlier server cannot be ended", metadata: ["pids": "\(left.map(\.pid))"]) }
            return finish()
        }
        for entry in left { end(entry, SIGKILL) }
        timer?.schedule(after: Limits.killInterval)
    }

    private func end(_ entry: ProcessTable.Entry, _ signal: Int32) {
        _ = rs_signal_process(entry.pid, entry.startTime, signal)
        guard watches[entry.pid] == nil else { return }
        // Without a watch (it has just ended, or descriptors are short) the timer finds out.
        watches[entry.pid] = try? ChildWatch(loop: loop, pid: entry.pid) { [unowned self] in exited(entry.pid) }
    }

    private func exited(_ pid: pid_t) {
        watches[pid] = nil
        guard watches.isEmpty else { return }
        let left = leftovers()
        if left.isEmpty { return finish() }
        for entry in left { end(entry, killSince == nil ? SIGTERM : SIGKILL) }
    }

    private func finish() {
        guard let onDone else { return }
        self.onDone = nil
        timer?.cancel()
        timer = nil
        watches = [:]
        onDone()
    }

    /// All marked processes and their descendants that have not ended; never this one.
    private func leftovers() -> [ProcessTable.Entry] {
        let me = getpid()
        var found: [pid_t: ProcessTable.Entry] = [:]
        var open = ProcessTable.all().filter { $0 != me && ProcessTable.environment(of: $0, has: variable) }
        while let pid = open.popLast() {
            guard pid != me, found[pid] == nil, let entry = ProcessTable.entry(pid), !entry.isZombie else { continue }
            found[pid] = entry
            open += ProcessTable.children(of: pid)
        }
        return Array(found.values)
    }
}
