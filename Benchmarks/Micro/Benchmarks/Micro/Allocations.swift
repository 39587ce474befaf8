import Benchmark
import CAllocations

extension BenchmarkMetric {
    /// Calls of malloc and its sisters, of a thousand operations.
    static let allocations = BenchmarkMetric.custom("Allocations of 1,000 operations", polarity: .prefersSmaller, useScalingFactor: false)
}

extension Benchmark {
    /// Adds a benchmark of one operation; `operation` is repeated as often as the scaling factor says.
    @discardableResult
    static func operation(_ name: String, _ operation: @escaping () -> Void) -> Benchmark? {
        Benchmark(name) { benchmark in
            let before = callocations_count()
            for _ in benchmark.scaledIterations { operation() }
            benchmark.measurement(.allocations, Int(callocations_count() - before))
        }
    }
}
