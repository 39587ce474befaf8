import Benchmark

/// `swift package benchmark` runs them all: time of one operation, and how often it allocates.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .throughput, .allocations], warmupIterations: 3, scalingFactor: .kilo, maxDuration: .seconds(1))
    lineBenchmarks()
    logBenchmarks()
    requestBenchmarks()
}
