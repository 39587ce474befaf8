import HTTP
import Jobs

extension APIServer {
    /// Asks how many runs there are of each status, and goes on with the answer. The store has counters; a page of one run brings each
    /// along.
    func withCounts(_ exchange: consuming Exchange, _ body: @escaping (JobCounts, consuming Exchange) -> Void) {
        count(JobStatus.allCases[...], JobCounts(), exchange, body)
    }

    private func count(
        _ statuses: ArraySlice<JobStatus>, _ counts: JobCounts, _ exchange: consuming Exchange,
        _ body: @escaping (JobCounts, consuming Exchange) -> Void
    ) {
        guard let status = statuses.first else { return body(counts, exchange) }
        wait(exchange) {
            context.readers.list(JobFilter(status: status, pageSize: 1), waiter: $0)
        } resume: { [self] answer, exchange in
            guard case .page(let page) = answer else { return exchange.refuse(.storeUnavailable) }
            var counts = counts
            counts[status] = page.total
            count(statuses.dropFirst(), counts, exchange, body)
        }
    }
}
