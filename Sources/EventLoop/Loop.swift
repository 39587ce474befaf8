import CLibevent
import Glibc
import Synchronization

/// One event loop: libevent's `event_base` on one thread.
///
/// Everything made on a loop is confined to it: not `Sendable`, each entry asserts the thread. Other threads reach it through an
/// `Inbox` only. libevent itself runs without locks.
///
/// A turn waits for what the kernel has, runs its handlers, then every turn hook once. A hook that has work left keeps the loop
/// from sleeping, and yet lets I/O in between: that is how a fan-out to thousands of streams never delays a request.
@safe package final class Loop {
    /// For messages and thread listings.
    package let name: String

    /// How late the loop's probe ran: what a request on this loop had to wait before its turn.
    package let lag: Histogram

    /// What other threads may know of it.
    package let pulse: LoopPulse

    package let base: OpaquePointer
    private let thread = Atomic<UInt>(0)
    private var stopping = false
    private var hooks: [() -> Bool] = []
    private var kept: [AnyObject] = []
    private var endings: [() -> Void] = []
    private var clock: Monotonic?

    /// Makes a loop that no thread runs yet; until `run` begins, the thread that made it may use it.
    package init(name: String, lag: Histogram = Histogram()) throws(SystemError) {
        guard let config = unsafe event_config_new() else { throw SystemError("event_config_new", code: 0) }
        defer { unsafe event_config_free(config) }
        // USE_CHANGELIST: what is watched on a descriptor changes in the kernel once a turn, before the loop waits, and not each time: a
        // short request changes it four times, and is then back where it was. See `Server.detachLater` for what it forbids.
        let flags = Int32(
            EVENT_BASE_FLAG_NOLOCK.rawValue | EVENT_BASE_FLAG_IGNORE_ENV.rawValue | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST.rawValue)
        guard unsafe event_config_set_flag(config, flags) == 0 else { throw SystemError("event_config_set_flag", code: 0) }
        guard let base = unsafe event_base_new_with_config(config) else { throw SystemError("event_base_new_with_config", code: 0) }
        unsafe self.base = base
        self.name = name
        self.lag = lag
        pulse = LoopPulse(name: name)
    }

    deinit { unsafe event_base_free(base) }

    /// Makes the calling thread the loop's own; `run` does, whoever sets a loop up on its thread does it before.
    func bind() {
        let first = thread.compareExchange(expected: 0, desired: Self.currentThread, ordering: .relaxed).exchanged
        precondition(first || thread.load(ordering: .relaxed) == Self.currentThread, "loop \(name) runs on another thread")
        pulse.noteThread()
    }

    /// Notes what the loop begins to do, for whoever wonders why it doesn't turn. On the loop; one store.
    @inline(__always)
    package func note(_ activity: StaticString) { pulse.note(activity) }

    /// Runs the loop on the calling thread until `stop`, then forgets its hooks and what it kept.
    package func run() {
        bind()
        var busy = false
        while !stopping {
            clock = nil
            let flags = EVLOOP_ONCE | (busy ? EVLOOP_NONBLOCK : 0) | EVLOOP_NO_EXIT_ON_EMPTY
            let result = unsafe event_base_loop(base, flags)
            precondition(result >= 0, "event_base_loop: the kernel's event queue failed")
            busy = false
            note("what is done at the end of a turn")
            for hook in hooks where hook() { busy = true }
            note("waiting for what comes")
        }
        stopping = false
        forget()
    }

    /// Drops hooks and kept objects, which hold the loop in turn.
    func forget() {
        assertOnLoop()
        let last = endings
        endings = []
        for ending in last.reversed() { ending() }
        hooks = []
        kept = []
    }

    /// Lets `run` return at the end of this turn. On the loop.
    package func stop() {
        assertOnLoop()
        stopping = true
    }

    /// Traps when the calling thread is not the loop's; before `run` every thread passes.
    package func assertOnLoop() {
        let owner = thread.load(ordering: .relaxed)
        precondition(owner == 0 || owner == Self.currentThread, "loop \(name) was reached from another thread")
    }

    /// The time, read at most once per turn.
    package var now: Monotonic {
        if let clock { return clock }
        let time = Monotonic.current()
        clock = time
        return time
    }

    /// Calls `hook` at the end of each turn until `run` returns; true means that work is left and the next turn must not wait.
    package func afterEachTurn(_ hook: @escaping () -> Bool) {
        assertOnLoop()
        hooks.append(hook)
    }

    /// Calls `ending` when `run` is about to return, the last one given first; for what frees handles that belong to this loop.
    package func atEnd(_ ending: @escaping () -> Void) {
        assertOnLoop()
        endings.append(ending)
    }

    /// Keeps an object alive until `run` returns; for what lives as long as the loop.
    package func keep(_ object: AnyObject) {
        assertOnLoop()
        kept.append(object)
    }

    private static var currentThread: UInt { UInt(pthread_self()) }
}
