import HTTP
import Jobs

extension APIServer {
    /// Asks how many runs there are of each status, and goes on with the answer.
    func withCounts(_ exchange: consuming Exchange, _ body: @escaping (JobCounts, consuming Exchange) -> Void) {
        wait(exchange) {
            context.readers.counts(waiter: $0)
        } resume: { answer, exchange in
            guard case .counts(let counts) = answer else { return exchange.refuse(.storeUnavailable) }
            body(counts, exchange)
        }
    }
}
