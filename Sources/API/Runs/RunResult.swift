import HTTP
import Jobs

extension APIServer {
    /// `GET /api/v1/runs/{id}/result`: once the run has ended, however it ended.
    func runResult(_ id: [UInt8], _ exchange: consuming Exchange) {
        withRun(id, exchange) { [self] job, exchange in
            let published = job.published
            let status = published.snapshot.status
            guard status.isTerminal else { return exchange.refuse(.notFinished(job.id, status, .result)) }
            guard status != .cancelled else { return Self.sendResult(of: job, published, nil, exchange) }
            wait(exchange) {
                context.readers.result(job.id, waiter: $0)
            } resume: { answer, exchange in
                switch answer {
                case .result(let result): Self.sendResult(of: job, published, result, exchange)
                case .failed: exchange.refuse(.storeUnavailable)
                case .submitted, .queueFull, .idTaken, .committed, .job, .page, .counts, .deleted: exchange.refuse(.internalError)
                }
            }
        }
    }

    private static func sendResult(of job: Job, _ published: PublishedState, _ result: JobResult?, _ exchange: consuming Exchange) {
        if !exchange.caller.isHead { job.markSeenTerminal() }
        exchange.send(200, ResultBody.bytes(job.spec, published.snapshot, result))
    }
}

/// The answer to "what came out of it?".
enum ResultBody {
    static func bytes(_ spec: JobSpec, _ snapshot: JobSnapshot, _ result: JobResult?) -> [UInt8] {
        var json = JSONText()
        json.raw("{\"job_id\": \"\(spec.id)\", \"status\": \"\(snapshot.status.name)\", \"result\": ")
        let hasFailed = snapshot.status == .failed
        if let result, !hasFailed { json.raw(result.json) } else { json.raw("null") }
        json.raw(", \"result_url\": null, \"metrics\": {\"attempts\": \(snapshot.attempt), \"truncated\": \(result?.isTruncated ?? false)}")
        json.raw(", \"created_at\": ")
        json.time(spec.createdAt)
        json.raw(", \"started_at\": ")
        json.time(snapshot.startedAt)
        json.raw(", \"completed_at\": ")
        json.time(snapshot.completedAt)
        json.raw(", \"duration_seconds\": ")
        json.raw(duration(snapshot) ?? "null")
        json.raw(", \"error\": ")
        json.optional(snapshot.error)
        if hasFailed {
            json.raw(", \"failure\": ")
            if let result { json.raw(result.json) } else { json.raw("null") }
        }
        json.raw("}")
        return json.bytes
    }

    /// From the first attempt's start to the end, in seconds with their microseconds; nil for a run that never started.
    private static func duration(_ snapshot: JobSnapshot) -> String? {
        guard let start = snapshot.startedAt, let end = snapshot.completedAt else { return nil }
        let microseconds = max(0, (end - start).inMicroseconds)
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
    }
}
