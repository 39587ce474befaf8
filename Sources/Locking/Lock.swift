import Glibc

/// A value that only one thread at a time can reach.
///
/// A pthread mutex rather than `Synchronization.Mutex`: on Linux that one sleeps in library code which the thread
/// sanitizer does not see, and so reports races that are none. Uncontended it costs about 20 ns.
///
/// `public`, unlike everything else: a function that is `package`, inlinable or not, is called unspecialized from other modules.
///
/// Rules of use: no I/O, no callback and no encoding of another job's data inside `withLock`; it is not recursive.
@safe public final class Lock<Value>: @unchecked Sendable {
    // Sendable: `value` is reached only between lock and unlock of the one mutex, which never moves.
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
    @usableFromInline var value: Value

    public init(_ value: Value) {
        unsafe mutex = .allocate(capacity: 1)
        let code = unsafe pthread_mutex_init(mutex, nil)
        precondition(code == 0, "pthread_mutex_init: \(code)")
        self.value = value
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the value while no other thread can; blocks until it is free. Any thread.
    @inlinable
    public func withLock<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result {
        let locked = unsafe pthread_mutex_lock(mutex)
        precondition(locked == 0, "pthread_mutex_lock: \(locked)")
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
