import CLibevent
import Locking

/// What libevent itself has to say. Without this it writes to standard error, where a reader that is slow holds up the loop.
package enum LibeventLog {
    /// libevent has one callback for the whole process, without a context of its own.
    private static let sink = Lock<(@Sendable (String) -> Void)?>(nil)

    /// Hands libevent's warnings and errors to `write`, once, before the first loop. It may be called on any loop, and must not wait.
    package static func redirect(to write: @escaping @Sendable (String) -> Void) {
        sink.withLock { $0 = write }
        unsafe event_set_log_callback { severity, text in
            guard severity >= EVENT_LOG_WARN, let text = unsafe text else { return }
            let message = unsafe String(cString: text)
            LibeventLog.sink.withLock { $0 }?(message)
        }
    }
}
