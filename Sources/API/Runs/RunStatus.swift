import HTTP
import Jobs

extension APIServer {
    /// `GET /api/v1/runs/{id}`: bytes that were rendered when the run last changed.
    func runStatus(_ id: [UInt8], _ exchange: consuming Exchange) {
        withRun(id, exchange) { job, exchange in
            let published = job.published
            if published.snapshot.status.isTerminal, !exchange.caller.isHead { job.markSeenTerminal() }
            let retryAfter = published.snapshot.status.retryAfterSeconds.map { [(name: "Retry-After", value: String($0))] } ?? []
            exchange.send(200, published.body.bytes, headers: retryAfter)
        }
    }
}
