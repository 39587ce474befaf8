import CLoad
import Foundation
import Histogram

/// One measurement as JSON.
struct Report: Encodable {
    struct Quantiles: Encodable {
        let count: UInt64
        let p50, p90, p99, p999, max: Double

        /// Milliseconds from microseconds.
        init(_ histogram: Histogram<UInt32>) {
            count = histogram.totalCount
            func value(_ percentile: Double) -> Double { Double(histogram.valueAtPercentile(percentile)) / 1000 }
            (p50, p90, p99, p999) = (value(50), value(90), value(99), value(99.9))
            max = histogram.totalCount == 0 ? 0 : Double(histogram.max) / 1000
        }
    }

    let deliveryMS, fanOutMS: Quantiles
    let deliveries, caughtUp, blocks, bytes, receives, allBytes: UInt64
    let connected, refused, dropped, finished: UInt64
    let lost, doubled, misordered, malformed, unfinished: UInt64
    let firstProblem: String
    let connectSeconds, firstByteSeconds, streamSeconds, allSeconds, cpuSeconds, stormConnectSeconds, stormCatchUpSeconds: Double

    init(result: cload_result, latencies: Latencies) {
        deliveryMS = Quantiles(latencies.deliveries)
        fanOutMS = Quantiles(latencies.fanOuts)
        (deliveries, caughtUp, blocks, bytes, receives) = (
            result.deliveries, result.caught_up, result.blocks, result.bytes, result.receives
        )
        (connected, refused, dropped, finished) = (result.connected, result.refused, result.dropped, result.finished)
        (lost, doubled, misordered) = (result.lost, result.doubled, result.misordered)
        (malformed, unfinished) = (result.malformed, result.unfinished)
        firstProblem = withUnsafeBytes(of: result.first_problem) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        (connectSeconds, firstByteSeconds) = (result.connect_seconds, result.first_byte_seconds)
        (allBytes, allSeconds) = (result.all_bytes, result.all_seconds)
        (streamSeconds, cpuSeconds) = (result.stream_seconds, result.cpu_seconds)
        (stormConnectSeconds, stormCatchUpSeconds) = (result.storm_connect_seconds, result.storm_catch_up_seconds)
    }

    /// No event lost, doubled, out of order or malformed, and every stream ended as it should.
    var isClean: Bool { lost + doubled + misordered + malformed + unfinished == 0 }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
