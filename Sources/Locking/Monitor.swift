import Glibc

/// A value under a mutex, with a condition on which threads sleep until it changes.
///
/// Like `Lock`, for the few places where a thread has nothing to do but wait. Waits are measured on the monotonic clock: setting the time of
/// day neither ends nor prolongs one. `public` for the same reason as `Lock`.
@safe public final class Monitor<Value>: @unchecked Sendable {
    // Sendable: `value` is reached only between lock and unlock of the one mutex, which never moves.
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
    @usableFromInline let condition: UnsafeMutablePointer<pthread_cond_t>
    @usableFromInline var value: Value

    public init(_ value: Value) {
        self.value = value
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let codes = unsafe (pthread_mutex_init(mutex, nil), pthread_cond_init(condition, &attributes))
        precondition(codes == (0, 0), "pthread_mutex_init, pthread_cond_init: \(codes)")
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the value while no other thread can. Any thread.
    @inlinable
    public func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        lock()
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(&value)
    }

    /// The same, and lets every waiting thread look again. Any thread.
    @inlinable
    public func change<Result>(_ body: (inout Value) -> Result) -> Result {
        lock()
        defer {
            unsafe pthread_mutex_unlock(mutex)
            unsafe pthread_cond_broadcast(condition)
        }
        return body(&value)
    }

    /// Sleeps until `body` returns something; it is asked at once and after each change. Never on a loop.
    ///
    /// - Parameters:
    ///   - timeout: nil waits for ever.
    ///   - body: what is waited for.
    /// - Returns: what `body` returned; nil after the timeout.
    @inlinable
    public func wait<Result>(timeout: Duration? = nil, for body: (inout Value) -> Result?) -> Result? {
        var deadline = timespec()
        if let timeout { deadline = Self.deadline(timeout) }
        lock()
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&value) { return result }
            guard timeout != nil else {
                unsafe pthread_cond_wait(condition, mutex)
                continue
            }
            if unsafe pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { return body(&value) }
        }
    }

    @usableFromInline
    func lock() {
        let code = unsafe pthread_mutex_lock(mutex)
        precondition(code == 0, "pthread_mutex_lock: \(code)")
    }

    @usableFromInline
    static func deadline(_ timeout: Duration) -> timespec {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        let (seconds, attoseconds) = max(.zero, min(timeout, .seconds(longestWaitSeconds))).components
        let nano = Int64(now.tv_nsec) + attoseconds / 1_000_000_000
        return timespec(tv_sec: now.tv_sec + Int(seconds + nano / 1_000_000_000), tv_nsec: Int(nano % 1_000_000_000))
    }

    /// A hundred years: beyond it nobody waits, and no sum overflows.
    @usableFromInline static var longestWaitSeconds: Int64 { 3_155_760_000 }
}
