import CLibevent
import Glibc
import Locking

/// A thread with a loop on it.
package final class LoopThread: Sendable {
    private enum Command: Sendable { case stop }

    private let commands: Inbox<Command>
    private let thread: pthread_t
    private let joined = Lock(false)

    private init(commands: Inbox<Command>, thread: pthread_t) {
        self.commands = commands
        self.thread = thread
    }

    /// Starts a thread, makes a loop on it, runs `setUp` there and then the loop.
    ///
    /// Blocks until `setUp` has returned. What it makes on the loop is kept alive with `Loop.keep`; what it returns is for the caller.
    ///
    /// - Parameters:
    ///   - name: of the loop and the thread; the kernel shows its first 15 bytes.
    ///   - lag: where a `LoopLag` made in `setUp` counts.
    ///   - setUp: runs on the new thread, before the loop.
    /// - Returns: the thread, and what `setUp` returned.
    /// - Throws: what `setUp` threw, or a `SystemError`.
    package static func start<Handle: Sendable>(
        name: String, lag: Histogram = Histogram(), setUp: @escaping @Sendable (Loop) throws -> Handle
    ) throws -> (thread: LoopThread, handle: Handle) {
        let outcome = Handover<Result<(Inbox<Command>, Handle), any Error>>()
        let thread = try Thread.start(name: name) {
            do {
                let loop = try Loop(name: name, lag: lag)
                loop.bind()
                defer { loop.forget() }
                let commands = try Inbox<Command>(loop: loop) { [unowned loop] _ in loop.stop() }
                let handle = try setUp(loop)
                outcome.put(.success((commands, handle)))
                loop.run()
            } catch {
                outcome.put(.failure(error))
            }
        }
        switch outcome.take() {
        case .success(let (commands, handle)): return (LoopThread(commands: commands, thread: thread), handle)
        case .failure(let error):
            pthread_join(thread, nil)
            throw error
        }
    }

    /// Nobody will join it: the system forgets the thread at its end by itself.
    deinit {
        if joined.withLock({ !$0 }) { pthread_detach(thread) }
    }

    /// Asks the loop to stop at the end of its turn. Any thread; does not wait.
    package func stop() { commands.post(.stop) }

    /// Waits until the loop has stopped and everything it kept is gone. Once; not on the loop.
    package func join() {
        let first = joined.withLock { done in
            defer { done = true }
            return !done
        }
        if first { pthread_join(thread, nil) }
    }
}

/// A pthread that runs a closure.
private enum Thread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void
        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    static func start(name: String, run: @escaping @Sendable () -> Void) throws(SystemError) -> pthread_t {
        let body = unsafe Unmanaged.passRetained(Body(name: name, run: run))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                unsafe rs_name_thread(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            unsafe body.release()
            throw SystemError("pthread_create", code: code)
        }
        return thread
    }
}

/// A value that one thread leaves and another waits for.
@safe private final class Handover<Value: Sendable>: @unchecked Sendable {
    // Sendable: `value` is reached only under the mutex, which never moves.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Value?

    init() {
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    func put(_ new: Value) {
        unsafe pthread_mutex_lock(mutex)
        value = new
        unsafe pthread_cond_signal(changed)
        unsafe pthread_mutex_unlock(mutex)
    }

    func take() -> Value {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let value { return value }
            unsafe pthread_cond_wait(changed, mutex)
        }
    }
}
