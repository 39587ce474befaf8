import CLibevent
import Glibc

/// A pthread that runs a closure.
package enum BackgroundThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void
        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: the kernel shows its first 15 bytes.
    ///   - run: what it does.
    /// - Returns: the thread, to be joined or detached.
    /// - Throws: `SystemError` when the system has no thread left.
    @discardableResult
    package static func start(name: String, run: @escaping @Sendable () -> Void) throws(SystemError) -> pthread_t {
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
