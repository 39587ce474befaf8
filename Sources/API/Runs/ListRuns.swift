import HTTP
import Jobs

extension APIServer {
    /// `GET /api/v1/runs`: a page of the runs, newest first, read by a reader thread.
    func listRuns(_ request: borrowing Request, _ exchange: consuming Exchange) {
        if let problem = exchange.caller.bodyProblem { return exchange.refuse(problem) }
        let query = ListQuery(
            status: request.query("status"), sessionID: request.queryBytes("session_id"), page: request.query("page"),
            pageSize: request.query("page_size"))
        let filter: JobFilter
        do { filter = try query.filter() } catch { return exchange.refuse(error) }
        wait(exchange) {
            context.readers.list(filter, waiter: $0)
        } resume: { answer, exchange in
            switch answer {
            case .page(let page):
                let links = query.links(filter, total: page.total, base: exchange.caller.base.url("/api/v1/runs"))
                exchange.send(200, Self.list(page, filter), headers: [("Link", links)])
            case .failed: exchange.refuse(.storeUnavailable)
            case .submitted, .queueFull, .idTaken, .committed, .job, .result, .counts, .deleted: exchange.refuse(.internalError)
            }
        }
    }

    private static func list(_ page: JobPage, _ filter: JobFilter) -> [UInt8] {
        var json = JSONText()
        json.raw("{\"jobs\": [")
        for (index, job) in page.jobs.enumerated() {
            if index > 0 { json.raw(", ") }
            json.raw(StatusBody(job.spec, job.snapshot).bytes)
        }
        json.raw("], \"total\": \(page.total), \"page\": \(filter.page), \"page_size\": \(filter.pageSize)}")
        return json.bytes
    }
}
