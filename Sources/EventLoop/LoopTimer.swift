import CLibevent

/// Calls its handler once, some time after it was last scheduled.
@safe package final class LoopTimer {
    private let loop: Loop
    private let handler: () -> Void
    private var event: UnsafeMutablePointer<event>?

    /// Makes a timer that is not scheduled. Before the loop runs, or on it; `handler` runs on the loop and may drop the timer.
    package init(loop: Loop, handler: @escaping () -> Void) throws(SystemError) {
        loop.assertOnLoop()
        self.loop = loop
        self.handler = handler
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe event = event_new(
            loop.base, -1, 0,
            { _, _, context in
                guard let context = unsafe context else { return }
                let timer = unsafe Unmanaged<LoopTimer>.fromOpaque(context).takeUnretainedValue()
                timer.loop.note("a timer")
                timer.handler()
            }, me)
        guard unsafe event != nil else { throw SystemError("event_new", code: 0) }
    }

    deinit {
        loop.assertOnLoop()
        if let event = unsafe event { unsafe event_free(event) }
    }

    /// Runs the handler after `delay`, instead of at any time scheduled before; a delay of 0 or less means the next turn.
    package func schedule(after delay: Duration) {
        loop.assertOnLoop()
        guard let event = unsafe event else { return }
        var interval = delay.timeInterval
        let added = unsafe event_add(event, &interval)
        precondition(added == 0, "event_add of a timer fails for want of memory alone")
    }

    /// Runs the handler at a moment, instead of at any time scheduled before.
    package func schedule(at moment: Monotonic) {
        schedule(after: moment - Monotonic.current())
    }

    /// Forgets what was scheduled.
    package func cancel() {
        loop.assertOnLoop()
        if let event = unsafe event { unsafe event_del(event) }
    }
}
