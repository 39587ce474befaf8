import API
import EventLoop
import Glibc
import Locking
import Logging

/// A thread that looks once a second whether the loops turn. A loop that doesn't is named in the log, with what it is at, and `/ready` fails.
final class LoopWatchdog: Sendable {
    private static let interval = Duration.seconds(1)
    private let isStopped: Monitor<Bool>
    private let thread: pthread_t

    init(_ pulses: [LoopPulse], limit: Duration, state: ServerState, logger: Logger) throws(SystemError) {
        let isStopped = Monitor(false)
        self.isStopped = isStopped
        thread = try BackgroundThread.start(name: "rs-watchdog") {
            var watchdog = Watchdog(pulses, limit: limit)
            while isStopped.wait(timeout: Self.interval, for: { $0 ? true : nil }) == nil {
                for finding in watchdog.look(now: Monotonic.current()) {
                    switch finding {
                    case .stuck(let loop, let seconds, let activity):
                        logger.error("A loop doesn't turn", metadata: ["loop": "\(loop)", "seconds": "\(seconds)", "at": "\(activity)"])
                    case .turning(let loop): logger.notice("The loop turns again", metadata: ["loop": "\(loop)"])
                    }
                }
                state.stuckLoop = watchdog.stuckLoop
            }
        }
    }

    /// Ends the thread. Once, before loops are stopped.
    func stop() {
        isStopped.change { $0 = true }
        pthread_join(thread, nil)
    }
}
