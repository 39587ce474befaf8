import Glibc
import Jobs
import Locking

/// A thread of the store's. It runs one closure; `join` waits for its end.
final class StoreThread: Sendable {
    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private let handle: Lock<pthread_t?>

    /// - Parameters:
    ///   - name: at most 15 bytes; what `top -H` shows.
    ///   - body: what it does.
    /// - Throws: when the system has no thread left.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(StoreError) {
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                nameThisThread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            unsafe start.release()
            throw .unavailable("cannot start a thread: \(describe(errno: code))")
        }
        handle = Lock(thread)
    }

    /// Lets the calling thread rest; a message does not end that early. For a few milliseconds at most.
    static func sleep(_ duration: Duration) {
        let nanoseconds = max(0, duration.inMicroseconds) * 1_000
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        _ = unsafe clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nil)
    }

    /// Waits for the thread's end. Of several callers one waits.
    func join() {
        let thread = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        if let thread { pthread_join(thread, nil) }
    }
}

/// `pthread_setname_np` is not imported; the kernel takes the name as a file's text too. That it fails harms nothing.
private func nameThisThread(_ name: String) {
    let comm = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard comm >= 0 else { return }
    _ = unsafe Array(name.utf8).withUnsafeBytes { unsafe write(comm, $0.baseAddress, $0.count) }
    close(comm)
}

/// An errno's text.
func describe(errno code: Int32) -> String {
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}
