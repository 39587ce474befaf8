import Jobs
import Logging

/// Tells the server's log what becomes of runs, once it is committed: one line for each submit, start, retry and end, none for events.
struct RunLog {
    let logger: Logger

    /// A new run is on the disk, whether its submitter hears of it or not. On the writer's thread.
    func submitted(_ id: JobID, _ work: JobWork, from client: String) {
        guard logger.logLevel <= .info else { return }
        logger.info("Run submitted", metadata: ["job_id": "\(id)", "recipe": "\(work.recipeName ?? "-")", "client": "\(client)"])
    }

    /// A commit has taken a run from one state to another. On the writer's thread.
    ///
    /// - Parameters:
    ///   - id: the run.
    ///   - old: what was committed before.
    ///   - new: what is committed now.
    ///   - events: how many events the run has had.
    func changed(_ id: JobID, from old: JobSnapshot, to new: JobSnapshot, events: UInt64) {
        guard logger.logLevel <= .info, old.status != new.status || old.attempt != new.attempt || old.nextAt != new.nextAt else { return }
        var metadata: Logger.Metadata = ["job_id": "\(id)", "attempt": "\(new.attempt)"]
        if let error = new.error { metadata["error"] = "\(error)" }
        switch new.status {
        case .running: logger.info("Run started", metadata: metadata)
        case .queued:
            if let nextAt = new.nextAt { metadata["next_at"] = "\(nextAt.iso8601)" }
            logger.info("Run will be tried again", metadata: metadata)
        case .succeeded, .failed, .cancelled:
            metadata["status"] = "\(new.status.name)"
            metadata["events"] = "\(events)"
            if let began = new.startedAt, let ended = new.completedAt {
                metadata["duration_ms"] = "\((ended - began).inMicroseconds / 1_000)"
            }
            logger.info("Run ended", metadata: metadata)
        }
    }
}
