import Synchronization

/// Whether the queue has room. Counts runs that were submitted and never started, and slots in use; retries do not count.
///
/// Raised by the writer's thread when a run is created, lowered by the control loop when it starts or ends before; relaxed: the numbers stand alone.
package final class Admission: Sendable {
    package let maxQueued: Int
    package let maxConcurrent: Int
    private let waitingRuns = Atomic<Int>(0)
    private let busySlots = Atomic<Int>(0)

    package init(maxQueued: Int, maxConcurrent: Int) {
        self.maxQueued = maxQueued
        self.maxConcurrent = maxConcurrent
    }

    /// Runs that wait for their first start.
    package var waiting: Int { waitingRuns.load(ordering: .relaxed) }
    /// Slots in use; one stays so until its process tree is gone.
    package var busy: Int { busySlots.load(ordering: .relaxed) }

    /// Whether one more run may enter, `pending` of the same batch before it.
    package func mayEnter(pending: Int = 0) -> Bool {
        waiting + pending < maxQueued + max(0, maxConcurrent - busy)
    }

    /// A run was created, or found waiting at start.
    package func entered() { waitingRuns.add(1, ordering: .relaxed) }
    /// A run left the line: it starts for the first time, or was cancelled before.
    package func left() { waitingRuns.subtract(1, ordering: .relaxed) }
    package func slotTaken() { busySlots.add(1, ordering: .relaxed) }
    package func slotFreed() { busySlots.subtract(1, ordering: .relaxed) }
}
