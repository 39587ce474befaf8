/// The answer to "how is this run?", rendered once per change and shared by all who ask.
package final class StatusBody: Sendable {
    package let bytes: [UInt8]

    /// `cancelledAt` is only in the answer to a cancel.
    package init(_ spec: JobSpec, _ snapshot: JobSnapshot, cancelledAt: Timestamp? = nil) {
        var json = JSONText()
        json.raw("{\"job_id\": \"\(spec.id)\", \"status\": \"\(snapshot.status.name)\", \"progress\": {\"percentage\": ")
        json.raw(snapshot.progress.percentage)
        json.raw(", \"current_step\": ")
        json.raw(snapshot.progress.currentStep ?? "null")
        json.raw(", \"steps_completed\": ")
        json.raw(snapshot.progress.stepsCompleted ?? "0")
        json.raw(", \"steps_total\": ")
        json.raw(snapshot.progress.stepsTotal ?? "null")
        json.raw("}, \"created_at\": \"\(spec.createdAt.iso8601)\", \"started_at\": ")
        json.time(snapshot.startedAt)
        json.raw(", \"completed_at\": ")
        json.time(snapshot.completedAt)
        json.raw(", \"agent_id\": null, \"run_id\": null, \"session_id\": ")
        json.optional(spec.sessionID)
        json.raw(", \"error\": ")
        json.optional(snapshot.error)
        json.raw(", \"retry_after\": ")
        json.raw(snapshot.status.retryAfterSeconds.map { "\($0)" } ?? "null")
        json.raw(", \"attempt\": \(snapshot.attempt), \"max_attempts\": \(spec.maxAttempts)")
        if let cancelledAt { json.raw(", \"cancelled_at\": \"\(cancelledAt.iso8601)\"") }
        json.raw("}")
        bytes = json.bytes
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

extension JSONText {
    package mutating func time(_ time: Timestamp?) {
        raw(time.map { "\"\($0.iso8601)\"" } ?? "null")
    }

    package mutating func optional(_ text: String?) {
        if let text { string(text) } else { raw("null") }
    }
}
