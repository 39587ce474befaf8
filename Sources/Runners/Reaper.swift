import CProcess
import EventLoop
import Glibc

/// Reaps what runs leave behind. Orphans among the server's descendants come to the server (it is their subreaper, or process 1), so none
/// stays a zombie and none is lost sight of.
///
/// Leaders (the processes that the server started itself) are left to their runners: as long as a leader is not reaped, its number and its
/// group's belong to nobody else. Confined to the control loop.
@safe final class Reaper {
    private let me = getpid()
    private var leaders: Set<pid_t> = []
    private var signal: SignalWatch?

    /// Makes the process a subreaper and begins to reap.
    init(loop: Loop) throws(SystemError) {
        let code = rs_become_subreaper()
        guard code == 0 else { throw SystemError("prctl", code: code) }
        signal = try SignalWatch(loop: loop, signal: SIGCHLD) { [unowned self] in _ = orphans() }
    }

    /// A process was started: it is not to be reaped until `release`.
    func add(leader pid: pid_t) { leaders.insert(pid) }

    /// Reaps a leader, which must have ended; `waiting` for one that is just being killed.
    func release(leader pid: pid_t, waiting: Bool = false) {
        guard leaders.remove(pid) != nil else { return }
        waitpid(pid, nil, waiting ? 0 : WNOHANG)
    }

    /// Adopted processes that still run.
    ///
    /// The kernel hands orphans to the main thread. Children of other threads that are no leaders belong to somebody else in this process
    /// (a test, a library) and are left alone.
    func orphans() -> [pid_t] {
        ProcessTable.children(of: me, thread: me).filter { pid in
            guard !leaders.contains(pid) else { return false }
            return waitpid(pid, nil, WNOHANG) == 0
        }
    }
}
