import CLibevent
import Glibc

/// Takes signals on a thread of its own: no loop has to turn for a signal to be seen.
package enum SignalThread {
    /// Blocks signals in the calling thread and in all that it starts from now on. In main, before the first thread.
    package static func block(_ signals: [Int32]) {
        var set = set(of: signals)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - signals: what it takes; they were blocked before.
    ///   - handler: called on the thread with each signal, and with nil when the time is over that it returned last; returns until when to
    ///     wait for the next one, nil for ever.
    /// - Throws: `SystemError` when the system has no thread left.
    package static func start(_ signals: [Int32], handler: @escaping @Sendable (Int32?) -> Monotonic?) throws(SystemError) {
        try BackgroundThread.start(name: "rs-signals") {
            var set = set(of: signals)
            var deadline: Monotonic?
            while true {
                var signal: Int32 = 0
                if let until = deadline {
                    let left = max(.zero, until - Monotonic.current()).nanoseconds
                    var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
                    signal = unsafe sigtimedwait(&set, nil, &time)
                } else {
                    signal = unsafe sigwaitinfo(&set, nil)
                }
                // A time that is over, or a debugger's interruption.
                if signal < 0, errno != EAGAIN { continue }
                deadline = handler(signal < 0 ? nil : signal)
            }
        }
    }

    private static func set(of signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        return set
    }
}
