import CProcess
import EventLoop
import Glibc
import Logging

/// Ends processes that are no children of the guardian: what an earlier server left (`Leftovers`), or a killed guardian.
///
/// Their ends are seen by pidfds. Confined to the control loop.
@safe final class Recovery {
    private let find: () -> [ProcessTable.Entry]
    /// All that were ever found. What proved one to be a run's may have ended since: its group's leader, its parent.
    private var found: [pid_t: ProcessTable.Entry] = [:]
    private let loop: Loop
    private let logger: Logger
    private var timer: LoopTimer?
    private var watches: [pid_t: ChildWatch] = [:]
    private var killSince: Monotonic?
    private var onDone: (() -> Void)?

    /// - Parameters:
    ///   - loop: the control loop.
    ///   - logger: is told what was found, and what can't be ended.
    ///   - find: those that are to be ended and have not ended yet.
    /// - Throws: `SystemError` for want of memory.
    init(loop: Loop, logger: Logger, find: @escaping () -> [ProcessTable.Entry]) throws(SystemError) {
        self.find = find
        self.loop = loop
        self.logger = logger
        timer = try LoopTimer(loop: loop) { [unowned self] in kill() }
    }

    /// SIGTERM, after the grace SIGKILL; `completion` is called once, when none is left.
    func run(grace: Duration, completion: @escaping () -> Void) throws(SystemError) {
        onDone = completion
        guard grace > .zero else { return kill() }
        let left = left()
        guard !left.isEmpty else { return finish() }
        logger.notice("ending processes that an earlier server left", metadata: ["count": "\(left.count)"])
        for entry in left { end(entry, SIGTERM) }
        timer?.schedule(after: grace)
    }

    private func kill() {
        let left = left()
        let since = killSince ?? loop.now
        killSince = since
        guard !left.isEmpty, loop.now - since < Limits.killPatience else {
            if !left.isEmpty { logger.error("processes of earlier runs cannot be ended", metadata: ["pids": "\(left.map(\.pid))"]) }
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
        let left = left()
        if left.isEmpty { return finish() }
        for entry in left { end(entry, killSince == nil ? SIGTERM : SIGKILL) }
    }

    private func left() -> [ProcessTable.Entry] {
        for entry in find() { found[entry.pid] = entry }
        let living = found.values.filter { ProcessTable.entry($0.pid)?.startTime == $0.startTime }.map(\.pid)
        let all = ProcessTable.below(living)
        found = Dictionary(uniqueKeysWithValues: all.map { ($0.pid, $0) })
        return all
    }

    private func finish() {
        guard let onDone else { return }
        self.onDone = nil
        timer?.cancel()
        timer = nil
        watches = [:]
        onDone()
    }
}
