import HTTP
import Jobs

extension APIServer {
    /// `DELETE /api/v1/runs/{id}`: a run that has ended, its log and its result. Whoever streams it is cut off.
    func deleteRun(_ id: [UInt8], _ exchange: consuming Exchange) {
        withRun(id, exchange) { [self] job, exchange in
            let status = job.published.snapshot.status
            guard status.isTerminal else { return exchange.refuse(.notFinished(job.id, status, .delete)) }
            wait(exchange) {
                context.writer.delete(job.id, waiter: $0)
            } resume: { answer, exchange in
                switch answer {
                case .deleted(true): exchange.send(Response(status: 204))
                case .deleted(false): exchange.refuse(.noJob(job.id.description))
                case .failed: exchange.refuse(.storeUnavailable)
                case .submitted, .queueFull, .idTaken, .committed, .job, .result, .page, .counts: exchange.refuse(.internalError)
                }
            }
        }
    }
}
