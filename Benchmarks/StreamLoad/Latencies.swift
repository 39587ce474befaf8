import CLoad
import Glibc
import Histogram

/// What the receiving loop calls: records each latency, tells when all streams are open, opens the gate.
///
/// HdrHistogram to three significant digits, in microseconds; a recording allocates nothing.
final class Latencies {
    /// Of each event on each stream.
    private(set) var deliveries = Histogram<UInt32>(highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)
    /// Of each event, to its last viewer.
    private(set) var fanOuts = Histogram<UInt32>(highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)
    private let gate: String?

    init(gate: String?) { self.gate = gate }

    /// The options refer to this object without keeping it.
    func connect(to options: inout cload_options) {
        options.context = Unmanaged.passUnretained(self).toOpaque()
        options.opened = { _ in
            print("open")
            fflush(nil)
        }
        options.go = { context in Latencies.from(context)?.openGate() }
        options.delivered = { context, latency in Latencies.from(context)?.deliveries.record(latency / 1000) }
        options.fanned_out = { context, latency in Latencies.from(context)?.fanOuts.record(latency / 1000) }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Latencies? {
        context.map { Unmanaged<Latencies>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Opening a FIFO for writing lets everybody begin who waits to read it; it stays open for those that come late. (Read and write: that never blocks.)
    private func openGate() {
        guard let gate else { return }
        if open(gate, O_RDWR | O_CLOEXEC) < 0 { perror(gate) }
    }
}
