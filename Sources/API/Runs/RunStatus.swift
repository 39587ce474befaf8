import HTTP
import Jobs

extension APIServer {
    /// `GET /api/v1/runs/{id}`: bytes that were rendered once since the run last changed.
    func runStatus(_ id: [UInt8], _ exchange: consuming Exchange) {
        withRun(id, exchange) { job, exchange in
            let body = job.statusBody
            if body.status.isTerminal, !exchange.caller.isHead { job.markSeenTerminal() }
            let retryAfter = body.status.retryAfterSeconds.map { [(name: "Retry-After", value: String($0))] } ?? []
            exchange.send(200, body.bytes, headers: retryAfter)
        }
    }
}
