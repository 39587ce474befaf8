/// Names new runs. Those of a burst begin alike, so that they lie side by side in the store's index of ids: wholly random ones would each dirty
/// a page of their own, which doubles what a commit of many submits writes.
///
/// All bits are random; runs that are created within a tenth of a second share 12 of the 48, the first three digits. A thousand of them still
/// draw an id twice only once in 140,000 times (then the second one draws again), and a million runs that were there before have a
/// page or two of that index between them.
package struct JobIDSource: Sendable {
    private var prefix: UInt64 = 0
    private var begin = Timestamp(microseconds: .min)
    private static let burst: Duration = .milliseconds(100)
    private static let ownBits: UInt64 = 0xF_FFFF_FFFF

    package init() {}

    /// - Parameters:
    ///   - bits: 64 random bits, of which 48 or 36 are used.
    ///   - now: the wall clock; it may go back.
    /// - Returns: the name of a run that is created now.
    package mutating func next(bits: UInt64, now: Timestamp) -> JobID {
        if now < begin || now >= begin + Self.burst {
            prefix = bits & ~Self.ownBits
            begin = now
        }
        return JobID(bits: prefix | bits & Self.ownBits)
    }
}
