import EventLoop
import Glibc
import Jobs
import Locking
import Logging

/// The signals that end the server, and the moment by which it has ended, whatever its loops, its writer or its database do.
///
/// A thread of its own takes the signals. The first one leaves the drain grace and a second, each further one a second. What has not ended by
/// then is named in the log, and the process ends with `forcedStatus`; its guardian then ends the runs.
final class ShutdownSignals: Sendable {
    /// The exit status of a server that had to be ended so (`EX_SOFTWARE` of sysexits.h).
    static let forcedStatus: Int32 = 70
    /// Of the second, what writing the log may take.
    private static let flushPatience = Duration.milliseconds(100)

    private let signals: [Int32]
    private let drainGrace: Duration
    private let state = Lock(State())

    private struct State {
        var stage = "its start"
        var deadline: Monotonic?
    }

    /// Blocks the signals. In main, before the first thread: threads inherit what is blocked.
    init(drainGrace: Duration) {
        self.drainGrace = drainGrace
        // The terminal was closed: what runs is ended in order, unless `nohup` has said that it is to stay.
        signals = [SIGTERM, SIGINT] + (SignalWatch.isIgnored(SIGHUP) ? [] : [SIGHUP])
        SignalThread.block(signals)
    }

    /// Says what the end waits for now. Any thread.
    func waitFor(_ stage: String) { state.withLock { $0.stage = stage } }

    /// Begins to take signals: each is put into `events`.
    func start(events: Mailbox<ControlEvent>, log: LogQueue, logger: Logger) throws(SystemError) {
        let (state, drainGrace) = (state, drainGrace)
        try SignalThread.start(signals) { signal in
            guard signal != nil else {
                logger.critical(
                    "The server did not end in time and is ended now", metadata: ["waited_for": "\(state.withLock { $0.stage })"])
                log.flush(within: Self.flushPatience)
                _exit(Self.forcedStatus)
            }
            let second = Duration.seconds(1) - Self.flushPatience
            let deadline = state.withLock { state in
                let now = Monotonic.current()
                let next = state.deadline.map { min($0, now + second) } ?? now + drainGrace + second
                state.deadline = next
                return next
            }
            events.put(.signal)
            return deadline
        }
    }
}
