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
        let outcome = Monitor<Result<(Inbox<Command>, Handle), any Error>?>(nil)
        let thread = try BackgroundThread.start(name: name) {
            do {
                let loop = try Loop(name: name, lag: lag)
                loop.bind()
                defer { loop.forget() }
                let commands = try Inbox<Command>(loop: loop) { [unowned loop] _ in loop.stop() }
                let handle = try setUp(loop)
                outcome.change { $0 = .success((commands, handle)) }
                loop.run()
            } catch {
                outcome.change { $0 = .failure(error) }
            }
        }
        switch outcome.wait(for: { $0 }) {
        case .success(let (commands, handle)): return (LoopThread(commands: commands, thread: thread), handle)
        case .failure(let error):
            pthread_join(thread, nil)
            throw error
        case nil: preconditionFailure("a wait without a timeout has an outcome")
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
