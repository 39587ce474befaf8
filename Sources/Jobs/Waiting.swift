/// Who takes jobs that have something to commit. Any thread; returns at once.
package protocol JobCommitter: AnyObject, Sendable {
    func enqueue(_ job: Job)

    /// Waits until what may be in the store by now is published: a list read from the store is never ahead of a run's own status. Not on a loop.
    func awaitPublication()
}

extension JobCommitter {
    /// For one that publishes as it commits.
    package func awaitPublication() {}
}

/// Who starts runs. Called on the writer's thread; it only posts to an inbox.
package protocol JobStarter: AnyObject, Sendable {
    /// New runs are committed: all of one commit.
    func jobsCreated(_ jobs: [Job])

    /// A commit was refused: another server writes the run now, or it was deleted. Its processes must end.
    func jobLost(_ id: JobID)
}

/// Who wants to know that a log's published end moved, or that it was cut. Called on the publisher's thread outside every lock; it only posts to an inbox.
package protocol LogObserver: AnyObject, Sendable {
    func logAdvanced(_ log: EventLog)
}
