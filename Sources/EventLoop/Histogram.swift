import Synchronization

/// Counts of durations by size, as Prometheus wants them; written by any thread without a lock.
///
/// The counts of one reading may be a few observations apart from each other: all orderings are relaxed, since nothing is
/// published through them.
package final class Histogram: Sendable {
    /// The upper ends of the buckets, in nanoseconds, 50 us to 10 s; what is longer counts in the last, open one.
    package static let bounds: [UInt64] = [
        50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000,
        500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    /// What was counted up to one moment.
    package struct Reading: Sendable, Equatable {
        /// Observations per bucket, not cumulated; one more than there are bounds.
        package var counts: [UInt64]
        /// The sum of all observations, in nanoseconds.
        package var sum: UInt64
        /// How many observations there were.
        package var count: UInt64 { counts.reduce(0, +) }
    }

    private let counts: [Counter]
    private let sum = Counter()

    package init() {
        counts = (0...Self.bounds.count).map { _ in Counter() }
    }

    /// Counts one duration, `times` over; a negative one counts as 0. Any thread.
    package func observe(_ duration: Duration, times: UInt64 = 1) {
        let nanoseconds = UInt64(max(0, duration.nanoseconds))
        var bucket = 0
        while bucket < Self.bounds.count, nanoseconds > Self.bounds[bucket] { bucket += 1 }
        counts[bucket].add(times)
        sum.add(nanoseconds &* times)
    }

    /// What was counted so far. Any thread.
    package var reading: Reading { Reading(counts: counts.map(\.value), sum: sum.value) }
}

/// A number that any thread adds to and reads, without a lock.
///
/// Relaxed: nothing else is published through it.
package final class Counter: Sendable {
    private let number = Atomic<UInt64>(0)

    package init() {}

    /// Any thread.
    package func add(_ amount: UInt64 = 1) { number.wrappingAdd(amount, ordering: .relaxed) }

    /// Any thread.
    package var value: UInt64 { number.load(ordering: .relaxed) }
}

/// A number that goes up and down, of any thread; for "how many now".
package final class Gauge: Sendable {
    private let number = Atomic<Int>(0)

    package init() {}

    /// Adds and returns the new value. Any thread.
    @discardableResult
    package func add(_ amount: Int) -> Int { number.wrappingAdd(amount, ordering: .relaxed).newValue }

    /// Any thread.
    package var value: Int { number.load(ordering: .relaxed) }
}
