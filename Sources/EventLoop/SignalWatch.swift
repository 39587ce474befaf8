import CLibevent
import Glibc

/// Calls its handler on a loop whenever the process gets a signal.
///
/// libevent delivers signals to one loop of a process only: all of them belong to the control loop.
@safe package final class SignalWatch {
    private let loop: Loop
    private let handler: () -> Void
    private var event: UnsafeMutablePointer<event>?

    /// Begins to watch, and takes the signal's default action away, until the watch is gone.
    package init(loop: Loop, signal: Int32, handler: @escaping () -> Void) throws(SystemError) {
        loop.assertOnLoop()
        self.loop = loop
        self.handler = handler
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe event = event_new(
            loop.base, signal, Int16(EV_SIGNAL | EV_PERSIST),
            { _, _, context in
                guard let context = unsafe context else { return }
                let watch = unsafe Unmanaged<SignalWatch>.fromOpaque(context).takeUnretainedValue()
                watch.handler()
            }, me)
        guard let event = unsafe event else { throw SystemError("event_new", code: 0) }
        guard unsafe event_add(event, nil) == 0 else { throw SystemError("event_add") }
    }

    deinit {
        loop.assertOnLoop()
        if let event = unsafe event { unsafe event_free(event) }
    }

    /// Whether the process was started with a signal ignored, as `nohup` does with SIGHUP.
    package static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
        return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Makes a write to a closed connection an error (EPIPE) instead of the end of the process.
    ///
    /// Once, at start: libevent writes with `writev`, which has no flag against SIGPIPE. Children get the default back from their spawner.
    package static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }
}
