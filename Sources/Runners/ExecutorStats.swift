import Jobs
import Locking

/// What the executor is doing, in numbers; for /health, /stats and /metrics.
package struct ExecutorStats: Sendable, Equatable {
    package var maxConcurrent = 0
    /// Runs that have a slot: starting, running, or being ended.
    package var running = 0
    /// Runs in line for a slot.
    package var queued = 0
    /// Runs that wait for the time of their next attempt.
    package var retrying = 0
    /// Processes started since the server's start.
    package var started = 0
    /// Runs ended since the server's start, by how.
    package var succeeded = 0
    package var failed = 0
    package var cancelled = 0
    /// No run is started any more.
    package var isDraining = false

    /// Runs that ended since the server's start.
    package var completed: Int { succeeded + failed + cancelled }
}

/// The same, to be read on any thread; the control loop writes it.
package final class ExecutorStatistics: Sendable {
    private let stats: Lock<ExecutorStats>

    init(maxConcurrent: Int) {
        var stats = ExecutorStats()
        stats.maxConcurrent = maxConcurrent
        self.stats = Lock(stats)
    }

    /// The numbers of this moment. Any thread; one short lock.
    package var current: ExecutorStats { stats.withLock { $0 } }

    func change(_ body: (inout ExecutorStats) -> Void) { stats.withLock { body(&$0) } }
}

extension ExecutorStats {
    /// Counts a run that has ended.
    mutating func count(_ status: JobStatus) {
        switch status {
        case .succeeded: succeeded += 1
        case .failed: failed += 1
        case .cancelled: cancelled += 1
        case .queued, .running: break
        }
    }
}
