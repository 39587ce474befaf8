import API
import Foundation
import Jobs
import Testing

@Suite struct ServiceTests {
    @Test func `health, readiness and statistics are told`() throws {
        let api = try TestAPI()
        _ = try api.submit()
        _ = try api.finished()
        let health = try api.call("GET", "/health")
        #expect(health.status == 200)
        #expect(health.json["status"] as? String == "healthy")
        #expect(health.json["store"] != nil)
        #expect((health.json["executor_stats"] as? [String: Any])?["max_queued"] as? Int == 100)
        #expect(try api.call("GET", "/ready").status == 200)
        let stats = try api.call("GET", "/stats")
        #expect(stats.json["total_jobs"] as? Int == 2)
        let byStatus = try #require(stats.json["by_status"] as? [String: Int])
        #expect(byStatus == ["queued": 1, "running": 0, "succeeded": 1, "failed": 0, "cancelled": 0])
        #expect(stats.json["executor"] is [String: Any])
        #expect(stats.json["store"] is [String: Any])
    }

    @Test func `a server on its way out is healthy and not ready`() throws {
        let api = try TestAPI()
        api.state.drain()
        #expect(try api.call("GET", "/health").status == 200)
        let ready = try api.call("GET", "/ready")
        #expect(ready.status == 503)
        #expect(ready["Content-Type"] == "application/problem+json")
    }

    @Test func `metrics are Prometheus text with help and type for each`() throws {
        let api = try TestAPI()
        _ = try api.finished()
        let answer = try api.call(
            "GET", "/metrics", ["Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"])
        #expect(answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        var described: Set<String> = []
        var typed: Set<String> = []
        for line in answer.body.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# HELP ") {
                #expect(described.insert(String(words[2])).inserted, "\(words[2]) is described twice")
            } else if line.hasPrefix("# TYPE ") {
                typed.insert(String(words[2]))
            } else {
                let name = line.prefix { $0 != "{" && $0 != " " }
                let family = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) }
                #expect(typed.contains(String(name)) || family.map { typed.contains($0) } == true, "\(line)")
                #expect(Double(words[words.count - 1]) != nil, "\(line)")
            }
        }
        #expect(described == typed)
        for name in [
            "runstream_jobs", "runstream_queue_length", "runstream_streams", "runstream_connections", "runstream_http_requests_total",
            "runstream_stream_bytes_sent_total", "runstream_stream_events_sent_total", "runstream_store_commit_seconds",
            "runstream_fanout_seconds", "runstream_loop_lag_seconds", "process_resident_memory_bytes", "process_open_fds",
            "process_cpu_seconds_total",
        ] {
            #expect(typed.contains(name), "\(name)")
        }
        #expect(answer.body.contains("runstream_jobs{status=\"succeeded\"} 1\n"))
        #expect(answer.body.contains("runstream_http_requests_total{status=\"2xx\"} 1\n"))
    }

    @Test func `a histogram's buckets are cumulated and end with everything`() {
        var text = PrometheusText()
        text.histogram("h", [("l", "a\"\\\n")], bounds: [0.1, 1], counts: [3, 0, 2], sum: 7.5)
        let label = #"l="a\"\\\n""#
        #expect(
            text.text == """
                h_bucket{\(label),le="0.1"} 3
                h_bucket{\(label),le="1.0"} 3
                h_bucket{\(label),le="+Inf"} 5
                h_sum{\(label)} 7.5
                h_count{\(label)} 5

                """)
    }
}
