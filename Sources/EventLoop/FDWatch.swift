import CLibevent

/// What may happen to a descriptor.
package struct FDEvents: OptionSet, Sendable {
    package let rawValue: Int16
    package init(rawValue: Int16) { self.rawValue = rawValue }

    /// There are bytes, the end, or an error to read.
    package static let read = FDEvents(rawValue: Int16(EV_READ))
    /// There is room to write, or an error to learn.
    package static let write = FDEvents(rawValue: Int16(EV_WRITE))
}

/// Watches a descriptor on a loop for as long as it lives; level-triggered.
///
/// Enabled from the start. The descriptor must stay open until the watch is disabled or gone.
@safe package final class FDWatch {
    private let loop: Loop
    private let handler: (FDEvents) -> Void
    private var event: UnsafeMutablePointer<event>?
    private(set) var isEnabled = false

    /// Begins to watch. Before the loop runs, or on it; `handler` runs on the loop and may drop the watch.
    ///
    /// Throws when libevent has no memory. What the kernel says to it (its limit of watches, `fs.epoll.max_user_watches`) is known only at the
    /// turn's end, and then a warning of libevent's on standard error.
    package init(loop: Loop, fd: Int32, events: FDEvents, handler: @escaping (FDEvents) -> Void) throws(SystemError) {
        loop.assertOnLoop()
        self.loop = loop
        self.handler = handler
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe event = event_new(
            loop.base, fd, Int16(EV_PERSIST) | events.rawValue,
            { _, what, context in
                guard let context = unsafe context else { return }
                // A strong reference: the handler may drop the last other one.
                let watch = unsafe Unmanaged<FDWatch>.fromOpaque(context).takeUnretainedValue()
                watch.loop.note("a pipe or socket")
                watch.handler(FDEvents(rawValue: what))
            }, me)
        guard unsafe event != nil else { throw SystemError("event_new", code: 0) }
        guard start() else { throw SystemError("event_add") }
    }

    deinit {
        loop.assertOnLoop()
        if let event = unsafe event { unsafe event_free(event) }
    }

    /// Goes on watching; nothing happens when it does so already.
    package func enable() {
        loop.assertOnLoop()
        let started = start()
        precondition(started, "event_add: no memory to watch a descriptor that was watched before")
    }

    /// Stops watching; what is readable then waits in the kernel, which is how back-pressure is made.
    package func disable() {
        loop.assertOnLoop()
        guard isEnabled, let event = unsafe event else { return }
        unsafe event_del(event)
        isEnabled = false
    }

    private func start() -> Bool {
        guard !isEnabled, let event = unsafe event else { return true }
        guard unsafe event_add(event, nil) == 0 else { return false }
        isEnabled = true
        return true
    }
}
