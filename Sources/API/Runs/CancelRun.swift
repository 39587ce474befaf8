import HTTP
import Jobs

extension APIServer {
    /// `POST /api/v1/runs/{id}/cancel`: terminal at once for clients; the executor ends the process behind them. Answered when it is
    /// committed.
    func cancelRun(_ id: [UInt8], _ exchange: consuming Exchange) {
        withRun(id, exchange) { [self] job, exchange in
            let status = job.published.snapshot.status
            guard !status.isTerminal else { return exchange.refuse(.alreadyEnded(job.id, status)) }
            wait(exchange) {
                cancel(job, $0)
            } resume: { (answer, outcome, exchange) in
                // Another server has the run, or the writer has ended: nothing was cancelled.
                if case .failed = answer { return exchange.refuse(.storeUnavailable) }
                let snapshot = job.published.snapshot
                guard case .cancelling = outcome else { return exchange.refuse(.alreadyEnded(job.id, snapshot.status)) }
                exchange.send(200, StatusBody(job.spec, snapshot, cancelledAt: snapshot.completedAt).bytes)
            }
        }
    }

    private func cancel(_ job: Job, _ waiter: StoreWaiter) -> CancelOutcome {
        let outcome = job.cancel(now: context.clock(), waiter: waiter)
        switch outcome {
        case .cancelling(let attempt): context.executor.cancel(job.id, attempt: attempt)
        case .ending: break
        case .ended: waiter.answer(.committed)
        }
        return outcome
    }
}
