import CLibevent
import Glibc

/// Calls its handler on a loop once a child process has exited; it does not reap it.
///
/// By a pidfd: no SIGCHLD, no race with a reused pid, as long as the child is not reaped before the watch is made.
@safe package final class ChildWatch {
    private let pidFD: OwnedFD
    private var watch: FDWatch?

    /// Begins to watch a child that has not been reaped.
    ///
    /// - Throws: `pidfd_open` with ESRCH if there is no such process.
    package init(loop: Loop, pid: pid_t, handler: @escaping () -> Void) throws(SystemError) {
        let fd = rs_pidfd_open(pid)
        guard fd >= 0 else { throw SystemError("pidfd_open") }
        pidFD = OwnedFD(fd)
        watch = try FDWatch(loop: loop, fd: fd, events: .read) { [weak self] _ in
            guard let self else { return }
            // An exited process stays readable: once is enough. Gone before the descriptor is closed.
            watch?.disable()
            handler()
        }
    }

    deinit { watch = nil }
}
