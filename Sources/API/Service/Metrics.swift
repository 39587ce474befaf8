import EventLoop
import HTTP
import Jobs
import Runners
import Storage

extension APIServer {
    /// `GET /metrics`: Prometheus' text format.
    func metrics(_ exchange: consuming Exchange) {
        withCounts(exchange) { [self] counts, exchange in
            var text = PrometheusText()
            runs(counts, &text)
            connections(&text)
            streams(&text)
            store(&text)
            process(&text)
            exchange.send(
                Response(
                    status: 200, headers: [("Content-Type", MediaType.prometheus), ("Cache-Control", "no-store")],
                    body: .bytes(Array(text.text.utf8))))
        }
    }

    private func runs(_ counts: JobCounts, _ text: inout PrometheusText) {
        text.metric("runstream_jobs", .gauge, "Runs that are kept, by status.")
        for status in JobStatus.allCases { text.sample("runstream_jobs", [("status", status.name)], counts[status]) }
        let admission = context.admission
        if let stats = context.executorStats?() { executor(stats, &text) }
        text.single("runstream_queue_length", .gauge, "Runs that wait for their first start.", admission.waiting)
        text.single("runstream_queue_limit", .gauge, "Runs that may wait (--max-queued).", admission.maxQueued)
        text.single("runstream_slots_busy", .gauge, "Runs that have processes.", admission.busy)
        text.single("runstream_slots_limit", .gauge, "Runs that may have processes (--max-concurrent).", admission.maxConcurrent)
        text.single("runstream_log_memory_bytes", .gauge, "Memory of event logs.", context.memory.resident.load(ordering: .relaxed))
        text.single(
            "runstream_log_unpublished_bytes", .gauge, "Bytes of event logs that wait for their commit.",
            context.memory.unpublished.load(ordering: .relaxed))
    }

    private func executor(_ stats: ExecutorStats, _ text: inout PrometheusText) {
        text.single("runstream_jobs_retrying", .gauge, "Runs that wait for the time of their next attempt.", stats.retrying)
        text.single("runstream_processes_started_total", .counter, "Attempts whose process was started.", stats.started)
        text.metric("runstream_jobs_ended_total", .counter, "Runs that ended since the start, by how.")
        for (status, count) in [("succeeded", stats.succeeded), ("failed", stats.failed), ("cancelled", stats.cancelled)] {
            text.sample("runstream_jobs_ended_total", [("status", status)], count)
        }
    }

    private func connections(_ text: inout PrometheusText) {
        let counters = context.counters
        text.metric("runstream_http_requests_total", .counter, "Answers, by class of status.")
        var classes = [UInt64](repeating: 0, count: 5)
        for (status, count) in counters.answersByStatus { classes[min(max(status / 100, 1), 5) - 1] += count }
        for (index, count) in classes.enumerated() {
            text.sample("runstream_http_requests_total", [("status", "\(index + 1)xx")], count)
        }
        text.single(
            "runstream_http_requests_refused_total", .counter, "Requests refused for the form of their head.",
            counters.requestsRefused.value)
        text.single(
            "runstream_http_requests_timed_out_total", .counter, "Requests that did not arrive in time.", counters.requestsTimedOut.value)
        text.single(
            "runstream_http_requests_cut_off_total", .counter, "Requests closed since too many bytes of requests waited in memory.",
            counters.requestsCutOff.value)
        text.single(
            "runstream_http_replies_timed_out_total", .counter, "Requests answered 503 after waiting too long (--reply-timeout).",
            counters.repliesTimedOut.value)
        text.single(
            "runstream_http_replies_abandoned_total", .counter, "Requests whose client left while they waited.",
            counters.repliesAbandoned.value)
        text.single("runstream_connections", .gauge, "Open client connections, streams included.", counters.connections.value)
        text.single("runstream_connections_accepted_total", .counter, "Connections accepted.", counters.connectionsAccepted.value)
        text.single("runstream_connections_refused_total", .counter, "Connections over the limit.", counters.connectionsRefused.value)
    }

    private func streams(_ text: inout PrometheusText) {
        let counters = context.counters
        text.single("runstream_streams", .gauge, "Open event streams.", counters.streams.value)
        text.single("runstream_streams_opened_total", .counter, "Event streams opened.", counters.streamsOpened.value)
        text.single(
            "runstream_streams_timed_out_total", .counter, "Event streams closed because their client took nothing.",
            counters.streamsTimedOut.value)
        text.single("runstream_stream_events_sent_total", .counter, "Events sent, over all streams.", counters.eventsSent.value)
        text.single("runstream_stream_bytes_sent_total", .counter, "Bytes sent to streams.", counters.bytesSent.value)
        text.single("runstream_stream_heartbeats_sent_total", .counter, "Heartbeats sent.", counters.heartbeatsSent.value)
        text.single("runstream_stream_sends_total", .counter, "send calls for streams.", counters.sendCalls.value)
        text.single(
            "runstream_stream_sends_blocked_total", .counter, "Sends that the kernel had no or too little room for.",
            counters.sendsBlocked.value)
        text.metric("runstream_fanout_seconds", .histogram, "From a publication to the end of the walk that showed it to a loop's streams.")
        text.histogram("runstream_fanout_seconds", [], counters.fanOut)
        text.metric("runstream_loop_lag_seconds", .histogram, "How late a loop runs what is due.")
        for (name, lag) in context.loopLags { text.histogram("runstream_loop_lag_seconds", [("loop", name)], lag) }
    }

    private func store(_ text: inout PrometheusText) {
        let metrics = context.writer.metrics
        text.single("runstream_store_healthy", .gauge, "1 unless the last commit failed.", context.writer.isHealthy ? 1 : 0)
        text.single("runstream_store_commits_total", .counter, "Transactions committed.", metrics.commits)
        text.single("runstream_store_failures_total", .counter, "Transactions that failed.", metrics.failures)
        text.single("runstream_store_submits_total", .counter, "Runs created.", metrics.submits)
        text.single("runstream_store_events_total", .counter, "Events committed.", metrics.events)
        text.single("runstream_store_bytes_total", .counter, "Bytes of event logs committed.", metrics.bytes)
        text.single("runstream_store_pruned_total", .counter, "Runs deleted for their age.", metrics.pruned)
        text.single("runstream_store_reads_waiting", .gauge, "Reads that wait for a thread.", context.readers.waiting)
        text.metric("runstream_store_commit_seconds", .histogram, "How long a committed transaction took.")
        text.histogram(
            "runstream_store_commit_seconds", [], bounds: StoreHistogram.bounds, counts: metrics.latency.counts.map { UInt64($0) },
            sum: metrics.latency.sum)
    }

    private func process(_ text: inout PrometheusText) {
        let usage = ProcessUsage.now()
        text.single("process_cpu_seconds_total", .counter, "CPU time, user and system.", usage.cpuSeconds)
        text.single("process_max_fds", .gauge, "Descriptors that the process may have.", usage.maxFiles)
        if let bytes = usage.residentBytes { text.single("process_resident_memory_bytes", .gauge, "Resident memory.", bytes) }
        if let files = usage.openFiles { text.single("process_open_fds", .gauge, "Open descriptors.", files) }
        if let dropped = context.droppedLogLines?() {
            text.single("runstream_log_lines_dropped_total", .counter, "Log lines that nobody read in time.", dropped)
        }
        text.metric("runstream_build_info", .gauge, "The version that runs.")
        text.sample("runstream_build_info", [("version", context.settings.version)], 1)
    }
}
