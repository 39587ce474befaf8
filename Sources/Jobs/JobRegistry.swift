import Locking

/// Which runs are in memory: all that have not ended, and the finished ones that were last looked at.
///
/// Its lock is the map's alone; no job's lock is taken inside it.
package final class JobRegistry: Sendable {
    private struct Table {
        var jobs: [JobID: Job] = [:]
        /// Finished ones in the order in which they ended or were loaded.
        var finished: [JobID] = []
        var finishedStart = 0
        /// Deleted ones, so that a look-up under way cannot bring them back.
        var deleted: Set<JobID> = []
        var deletedOrder: [JobID] = []
    }

    private let limits: JobLimits
    private let table = Lock(Table())

    package init(limits: JobLimits) {
        self.limits = limits
    }

    /// The run, if it is in memory. Any thread.
    package func find(_ id: JobID) -> Job? {
        table.withLock { $0.jobs[id] }
    }

    /// Adds a run. The one that is there already wins.
    ///
    /// - Returns: the run to use; nil when it was deleted meanwhile.
    package func insert(_ job: Job) -> Job? {
        let isFinished = job.published.snapshot.status.isTerminal
        defer { if isFinished { evict() } }
        return table.withLock { table in
            guard !table.deleted.contains(job.id) else { return nil }
            if let present = table.jobs[job.id] { return present }
            table.jobs[job.id] = job
            if isFinished { table.finished.append(job.id) }
            return job
        }
    }

    /// A run has ended and is committed: from now on it stays only while there is room. Watched ones stay.
    package func noteEnded(_ id: JobID) {
        table.withLock { $0.finished.append(id) }
        evict()
    }

    /// Forgets a run that another server writes now. It may be loaded again.
    package func release(_ id: JobID) {
        table.withLock { $0.jobs[id] = nil }
    }

    /// Forgets a deleted run for good.
    @discardableResult package func remove(_ id: JobID) -> Job? {
        table.withLock { table in
            if table.deleted.insert(id).inserted {
                table.deletedOrder.append(id)
                if table.deletedOrder.count > limits.deletedJobs * 2 {
                    table.deleted.subtract(table.deletedOrder.prefix(limits.deletedJobs))
                    table.deletedOrder.removeFirst(limits.deletedJobs)
                }
            }
            return table.jobs.removeValue(forKey: id)
        }
    }

    /// Lets go of every run: at the end of the server, since runs hold the writer that holds this.
    package func removeAll() {
        let dropped = table.withLock { table in
            defer { table = Table() }
            return table.jobs
        }
        // Freed here, outside the lock.
        _ = consume dropped
    }

    package var count: Int { table.withLock { $0.jobs.count } }

    /// Lets go of finished runs over the limit, the oldest first. One that is watched goes to the end of the line.
    private func evict() {
        for _ in 0..<4 {
            let candidate = table.withLock { table -> Job? in
                guard table.finished.count - table.finishedStart > limits.finishedJobs else { return nil }
                let id = table.finished[table.finishedStart]
                table.finishedStart += 1
                if table.finishedStart > 4096 {
                    table.finished.removeFirst(table.finishedStart)
                    table.finishedStart = 0
                }
                return table.jobs[id]
            }
            guard let candidate else { return }
            let isWatched = candidate.log.hasObservers
            table.withLock { table in
                if isWatched { table.finished.append(candidate.id) } else { table.jobs[candidate.id] = nil }
            }
        }
    }
}
