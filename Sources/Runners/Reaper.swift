import CProcess
import EventLoop
import Glibc

/// Reaps orphans, which come to the server if a guardian has died, or if the server is process 1 of a container. Confined to the control loop.
@safe final class Reaper {
    private let me = getpid()
    private var signal: SignalWatch?

    /// Makes the process a subreaper and begins to reap.
    init(loop: Loop) throws(SystemError) {
        let code = rs_become_subreaper()
        guard code == 0 else { throw SystemError("prctl", code: code) }
        signal = try SignalWatch(loop: loop, signal: SIGCHLD) { [unowned self] in _ = orphans() }
    }

    /// Adopted processes that still run.
    ///
    /// The kernel hands orphans to the main thread. Children of other threads belong to somebody else in this process (the guardian to the
    /// control loop, a test's to the test) and are left alone.
    func orphans() -> [pid_t] {
        ProcessTable.children(of: me, thread: me).filter { waitpid($0, nil, WNOHANG) == 0 }
    }
}
