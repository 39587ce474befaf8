import HTTP
import Jobs

extension APIServer {
    /// `GET /health`: the process lives and its loops turn. Whether it can take work is `/ready`'s to say.
    func health(_ exchange: consuming Exchange) {
        var json = JSONText()
        json.raw("{\"status\": \"healthy\", \"version\": ")
        json.string(context.settings.version)
        json.raw(", \"store\": ")
        json.string(context.settings.storeKind)
        json.raw(", \"executor_stats\": ")
        executor(&json)
        json.raw("}")
        exchange.send(200, json.bytes)
    }

    /// `GET /ready`: whether a submit would be taken, a full queue apart.
    func ready(_ exchange: consuming Exchange) {
        if context.state.isDraining { return exchange.refuse(.notReady(.draining)) }
        if let loop = context.state.stuckLoop { return exchange.refuse(.notReady(.loop(loop))) }
        guard context.writer.isHealthy else { return exchange.refuse(.notReady(.store)) }
        exchange.send(200, Array("{\"status\": \"ready\"}".utf8))
    }

    /// `GET /stats`: the same figures as JSON, and how many runs there are.
    func stats(_ exchange: consuming Exchange) {
        withCounts(exchange) { [self] counts, exchange in
            var json = JSONText()
            json.raw("{\"executor\": ")
            executor(&json)
            json.raw(", \"store\": ")
            store(&json)
            json.raw(", \"total_jobs\": \(counts.total), \"by_status\": {")
            for (index, status) in JobStatus.allCases.enumerated() {
                json.raw("\(index == 0 ? "" : ", ")\"\(status.name)\": \(counts[status])")
            }
            json.raw("}}")
            exchange.send(200, json.bytes)
        }
    }

    private func store(_ json: inout JSONText) {
        let metrics = context.writer.metrics
        json.raw("{\"type\": ")
        json.string(context.settings.storeKind)
        json.raw(", \"healthy\": \(context.writer.isHealthy), \"commits\": \(metrics.commits), \"failures\": \(metrics.failures)")
        json.raw(", \"events\": \(metrics.events), \"bytes\": \(metrics.bytes)}")
    }

    private func executor(_ json: inout JSONText) {
        let admission = context.admission
        let stats = context.executorStats?()
        json.raw("{\"running_jobs\": \(stats?.running ?? admission.busy), \"queued_jobs\": \(stats?.queued ?? admission.waiting)")
        json.raw(", \"max_concurrent\": \(admission.maxConcurrent), \"max_queued\": \(admission.maxQueued)")
        json.raw(", \"default_timeout\": \(context.settings.submit.defaultTimeout), \"shutdown\": \(context.state.isDraining)")
        if let stats {
            json.raw(", \"retrying_jobs\": \(stats.retrying), \"started\": \(stats.started), \"succeeded\": \(stats.succeeded)")
            json.raw(", \"failed\": \(stats.failed), \"cancelled\": \(stats.cancelled)")
        }
        json.raw("}")
    }
}
