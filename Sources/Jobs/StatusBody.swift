/// The answer to "how is this run?", rendered at most once per change and shared by all who ask.
package final class StatusBody: Sendable {
    package let status: JobStatus
    package let bytes: [UInt8]

    /// `cancelledAt` is only in the answer to a cancel.
    package init(_ spec: JobSpec, _ snapshot: JobSnapshot, cancelledAt: Timestamp? = nil) {
        var json = JSONText(capacity: 512)
        json.raw("{\"job_id\": \"")
        json.id(spec.id)
        json.raw("\", \"status\": \"")
        json.raw(snapshot.status.name)
        json.raw("\", \"progress\": {\"percentage\": ")
        json.raw(snapshot.progress.percentage)
        json.raw(", \"current_step\": ")
        json.raw(snapshot.progress.currentStep ?? "null")
        json.raw(", \"steps_completed\": ")
        json.raw(snapshot.progress.stepsCompleted ?? "0")
        json.raw(", \"steps_total\": ")
        json.raw(snapshot.progress.stepsTotal ?? "null")
        json.raw("}, \"created_at\": ")
        json.time(spec.createdAt)
        json.raw(", \"started_at\": ")
        json.time(snapshot.startedAt)
        json.raw(", \"completed_at\": ")
        json.time(snapshot.completedAt)
        json.raw(", \"agent_id\": null, \"run_id\": null, \"session_id\": ")
        json.optional(spec.sessionID)
        json.raw(", \"error\": ")
        json.optional(snapshot.error)
        json.raw(", \"retry_after\": ")
        if let seconds = snapshot.status.retryAfterSeconds { json.number(seconds) } else { json.raw("null") }
        json.raw(", \"attempt\": ")
        json.number(snapshot.attempt)
        json.raw(", \"max_attempts\": ")
        json.number(spec.maxAttempts)
        if let cancelledAt {
            json.raw(", \"cancelled_at\": ")
            json.time(cancelledAt)
        }
        json.raw("}")
        bytes = json.bytes
        status = snapshot.status
    }
}

extension JobStatus {
    /// How soon it is worth asking again, in seconds; nil once it will not change.
    package var retryAfterSeconds: Int? {
        switch self {
        case .queued: 2
        case .running: 5
        case .succeeded, .failed, .cancelled: nil
        }
    }
}
