import HTTP
import Jobs

extension APIServer {
    /// `POST /api/v1/runs`: checked whole, then parked until its commit: what was answered 202 is on disk.
    func submitRun(_ request: borrowing Request, _ exchange: consuming Exchange) {
        if let problem = exchange.caller.bodyProblem { return exchange.refuse(problem) }
        let order: SubmitOrder
        do {
            order = try SubmitDecoder.decode(
                request.body(), keyHeader: request.headerBytes("Idempotency-Key"), rules: context.settings.submit)
        } catch {
            return exchange.refuse(error)
        }
        guard !context.state.isDraining else { return exchange.refuse(.draining) }
        submit(order, from: context.settings.proxies.client(of: request), exchange, draws: APILimits.idDraws)
    }

    /// Brings a checked run to the store. If its id is taken it draws another one, `draws` times in all.
    private func submit(_ order: SubmitOrder, from client: String, _ exchange: consuming Exchange, draws: Int) {
        let now = context.clock()
        let spec = JobSpec(
            id: context.newID(at: now), createdAt: now, sessionID: order.sessionID, timeoutSeconds: order.timeout,
            maxAttempts: order.maxAttempts, webhookURL: order.webhookURL)
        let job = Job(spec: spec, work: order.work, committer: context.writer, memory: context.memory)
        wait(exchange) {
            context.writer.submit(job, key: order.key, client: client, waiter: $0)
        } resume: { [self] answer, exchange in
            switch answer {
            // A new run may have been started since; what was accepted was queued.
            case .submitted(let job, let isNew):
                AccessLog(context.logger).submitted(job.id, isNew: isNew)
                Self.accepted(job, isNew ? .queued : job.published.snapshot.status, exchange)
            case .queueFull: exchange.refuse(.queueFull)
            case .idTaken where draws > 1: submit(order, from: client, exchange, draws: draws - 1)
            case .failed: exchange.refuse(.storeUnavailable)
            case .idTaken, .committed, .job, .result, .page, .counts, .deleted: exchange.refuse(.internalError)
            }
        }
    }

    private static func accepted(_ job: Job, _ status: JobStatus, _ exchange: consuming Exchange) {
        let pollURL = exchange.caller.base.url("/api/v1/runs/" + job.id.description)
        var json = JSONText(capacity: 512)
        json.raw("{\"job_id\": \"")
        json.id(job.id)
        json.raw("\", \"status\": \"")
        json.raw(status.name)
        json.raw("\", \"created_at\": ")
        json.time(job.spec.createdAt)
        json.raw(", \"poll_url\": ")
        json.string(pollURL)
        json.raw(", \"stream_url\": ")
        json.string(pollURL + "/stream")
        json.raw("}")
        exchange.send(202, json.bytes, headers: [(name: "Location", value: pollURL), retryAfter])
    }

    private static let retryAfter = (name: "Retry-After", value: "\(APILimits.submitRetryAfterSeconds)")
}
