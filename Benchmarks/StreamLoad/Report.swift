import CLoad
import Foundation

/// What one round of load measured, as a table and as JSON.
struct Report {
    let result: cload_result
    let streams: Int
    let jobs: Int
    let rate: Double
    let events: Int
    let payload: Int
    let serverCPUSeconds: Double
    let residentBytes: Int

    /// Whether every stream got every event once, in order, and ended.
    var isClean: Bool {
        result.finished == UInt64(streams) && result.missing == 0 && result.doubled == 0 && result.misordered == 0 && result.malformed == 0
    }

    private func milliseconds(_ histogram: cload_histogram) -> [(String, Double)] {
        [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)].map { name, share in
            var histogram = histogram
            return (name, Double(cload_quantile(&histogram, share)) / 1e6)
        } + [("max", Double(histogram.max) / 1e6)]
    }

    var table: String {
        func row(_ name: String, _ histogram: cload_histogram) -> String {
            "  " + name.padding(toLength: 22, withPad: " ", startingAt: 0)
                + milliseconds(histogram).map { String(format: "%@ %.2f ms", $0.0, $0.1) }.joined(separator: "   ")
        }
        let rate = Double(result.deliveries) / max(result.stream_seconds, 0.001)
        return """
            \(streams) streams on \(jobs) run(s), \(events) events each at \(self.rate)/s, \(payload) bytes of padding
            \(row("each delivery", result.delivery))
            \(row("full fan-out", result.fan_out))
              deliveries            \(result.deliveries) (\(Int(rate))/s), \(result.bytes / 1_048_576) MiB
              connects              \(String(format: "%.0f/s", Double(streams) / max(result.connect_seconds, 0.001)))
              server                \(String(format: "%.2f s CPU, %.1f MB resident", serverCPUSeconds, Double(residentBytes) / 1e6))
              generator             \(String(format: "%.2f s CPU", result.cpu_seconds))
              streams ended whole   \(result.finished) of \(streams)
              lost \(result.missing)  doubled \(result.doubled)  misordered \(result.misordered)  refused \(result.refused)
            """
    }

    var json: String {
        func object(_ histogram: cload_histogram) -> [String: Double] {
            Dictionary(uniqueKeysWithValues: milliseconds(histogram).map { ($0.0 + "_ms", $0.1) })
        }
        let value: [String: Any] = [
            "streams": streams, "jobs": jobs, "rate": rate, "events": events, "payload_bytes": payload,
            "delivery": object(result.delivery), "full_fan_out": object(result.fan_out), "deliveries": result.deliveries,
            "bytes": result.bytes, "finished": result.finished, "missing": result.missing, "doubled": result.doubled,
            "misordered": result.misordered, "refused": result.refused, "connect_seconds": result.connect_seconds,
            "stream_seconds": result.stream_seconds, "server_cpu_seconds": serverCPUSeconds, "server_resident_bytes": residentBytes,
            "generator_cpu_seconds": result.cpu_seconds,
        ]
        let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
