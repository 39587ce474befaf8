import HTTP
import Jobs

extension APIServer {
    /// Finds a run, in memory or in the store, and goes on with it; answers 404 when there is none, then 413 when the body was too large.
    func withRun(_ id: [UInt8], _ exchange: consuming Exchange, _ body: @escaping (Job, consuming Exchange) -> Void) {
        guard let run = JobID(utf8: id) else { return exchange.refuse(.noJob(String(decoding: id, as: UTF8.self))) }
        if let job = context.registry.find(run) { return Self.found(job, exchange, body) }
        wait(exchange) {
            context.readers.loadJob(run, waiter: $0)
        } resume: { answer, exchange in
            switch answer {
            case .job(let job?): Self.found(job, exchange, body)
            case .job(nil): exchange.refuse(.noJob(run.description))
            case .failed: exchange.refuse(.storeUnavailable)
            case .submitted, .queueFull, .idTaken, .committed, .result, .page, .counts, .deleted: exchange.refuse(.internalError)
            }
        }
    }

    private static func found(_ job: Job, _ exchange: consuming Exchange, _ body: (Job, consuming Exchange) -> Void) {
        if let problem = exchange.caller.bodyProblem { return exchange.refuse(problem) }
        body(job, exchange)
    }
}
