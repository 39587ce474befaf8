import Glibc

/// A moment on the machine's monotonic clock: nanoseconds since an arbitrary start; for differences and deadlines alone.
package struct Monotonic: Sendable, Hashable, Comparable {
    /// Nanoseconds since an arbitrary start, the same for all threads of this process.
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// Reads the clock; about 20 ns. On a loop use `Loop.now`, which reads it once per turn.
    package static func current() -> Monotonic {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Monotonic(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    package static func < (left: Monotonic, right: Monotonic) -> Bool { left.nanoseconds < right.nanoseconds }

    /// A later moment, or for a negative duration an earlier one; stops at the ends of the scale.
    package static func + (left: Monotonic, right: Duration) -> Monotonic {
        let distance = right.nanoseconds
        if distance >= 0 {
            let (sum, overflow) = left.nanoseconds.addingReportingOverflow(UInt64(distance))
            return Monotonic(nanoseconds: overflow ? .max : sum)
        }
        let back = distance.magnitude
        return Monotonic(nanoseconds: left.nanoseconds > back ? left.nanoseconds - back : 0)
    }

    /// The time from `right` to `left`, negative if `right` is later.
    package static func - (left: Monotonic, right: Monotonic) -> Duration {
        .nanoseconds(Int64(bitPattern: left.nanoseconds &- right.nanoseconds))
    }
}

extension Duration {
    /// The whole duration in nanoseconds, cut to what 64 bits hold (292 years).
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, tooMuch) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return tooMuch ? (seconds < 0 ? .min : .max) : sum
    }

    /// For `select`-style calls: never negative.
    var timeInterval: timeval {
        let microseconds = Swift.max(0, (nanoseconds / 1000) + (nanoseconds % 1000 > 0 ? 1 : 0))
        return timeval(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
    }
}
