import Glibc

/// Values that threads leave and one thread waits for, in order.
@safe final class Mailbox<Value: Sendable>: @unchecked Sendable {
    // Sendable: `values` is reached only under the mutex, which never moves.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var values: [Value] = []

    init() {
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(arrived, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(arrived)
        unsafe pthread_mutex_destroy(mutex)
        unsafe arrived.deallocate()
        unsafe mutex.deallocate()
    }

    /// Any thread.
    func put(_ value: Value) {
        unsafe pthread_mutex_lock(mutex)
        values.append(value)
        unsafe pthread_cond_signal(arrived)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Waits for the next value; at most for `timeout`.
    ///
    /// - Returns: nil when the time is over.
    func take(within timeout: Duration? = nil) -> Value? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        var deadline = timespec()
        if let timeout {
            unsafe clock_gettime(CLOCK_REALTIME, &deadline)
            let (seconds, attoseconds) = timeout.components
            let nanoseconds = deadline.tv_nsec + Int(attoseconds / 1_000_000_000)
            deadline.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
            deadline.tv_nsec = nanoseconds % 1_000_000_000
        }
        while values.isEmpty {
            if timeout == nil {
                unsafe pthread_cond_wait(arrived, mutex)
            } else if unsafe pthread_cond_timedwait(arrived, mutex, &deadline) == ETIMEDOUT {
                return nil
            }
        }
        return values.removeFirst()
    }
}
