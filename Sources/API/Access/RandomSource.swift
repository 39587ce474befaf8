import CCrypto

/// Where random bytes come from: libcrypto's generator in a server, a script in a test. Any thread.
package struct RandomSource: Sendable {
    private let draw: @Sendable () -> UInt64

    /// - Parameter draw: gives 64 random bits at a time; any thread.
    package init(_ draw: @escaping @Sendable () -> UInt64) {
        self.draw = draw
    }

    /// libcrypto's cryptographic generator. It stops the process when the kernel has no entropy to seed it with, since an id that can be
    /// guessed is worse than none.
    package static let system = RandomSource {
        var bits: UInt64 = 0
        let code = unsafe withUnsafeMutableBytes(of: &bits) { unsafe rs_random_bytes($0.baseAddress, $0.count) }
        precondition(code == 1, "libcrypto's random generator failed")
        return bits
    }

    /// 64 random bits.
    package func bits() -> UInt64 {
        draw()
    }

    /// A number of the range, evenly enough for spreading things in time.
    package func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(draw() % UInt64(range.count))
    }
}
