import CCrypto
import Locking

/// Where random bytes come from: libcrypto's generator in a server, a script in a test. Any thread.
package struct RandomSource: Sendable {
    private let draw: @Sendable () -> UInt64

    /// - Parameter draw: gives 64 random bits at a time; any thread.
    package init(_ draw: @escaping @Sendable () -> UInt64) {
        self.draw = draw
    }

    /// libcrypto's cryptographic generator. It stops the process when the kernel has no entropy to seed it with, since an id that can be
    /// guessed is worse than none.
    ///
    /// Drawn for many ids at a time: a call costs a submit 5% of its processor time, however few bytes it asks for.
    package static func system() -> RandomSource {
        let drawn = Lock<[UInt64]>([])
        return RandomSource {
            drawn.withLock { drawn in
                if drawn.isEmpty { drawn = Self.fresh() }
                return drawn.removeLast()
            }
        }
    }

    private static func fresh() -> [UInt64] {
        var bits = [UInt64](repeating: 0, count: drawnAtOnce)
        let code = unsafe bits.withUnsafeMutableBytes { unsafe rs_random_bytes($0.baseAddress, $0.count) }
        precondition(code == 1, "libcrypto's random generator failed")
        return bits
    }

    private static let drawnAtOnce = 64

    /// 64 random bits.
    package func bits() -> UInt64 {
        draw()
    }

    /// A number of the range, evenly enough for spreading things in time.
    package func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(draw() % UInt64(range.count))
    }
}
