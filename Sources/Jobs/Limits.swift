/// Every bound of the core. The values are the defaults; `Serve` passes what the flags say.
package struct JobLimits: Sendable {
    /// Bytes of committed log that one job keeps in memory for its viewers; older ones are read back from the store.
    package var tailBytes = 1 << 20
    /// Bytes of log that all jobs together keep in memory; over it a job keeps only its newest segment.
    package var memoryBytes = 256 << 20
    /// Finished runs that stay looked-up in memory (a few hundred bytes each).
    package var finishedJobs = 10_000
    /// Ids of deleted runs that are remembered, so that a look-up that was under way cannot bring one back.
    package var deletedJobs = 10_000

    package init() {}
}

/// Sizes that no flag changes.
enum LogSizes {
    /// The first segment of a log: room for the event of a queued run and one more, since there may be 100,000 of them.
    static let firstSegment = 256
    /// Segments double up to this. It also bounds what a resume scans.
    static let largestSegment = 64 << 10
    /// How far the numbering of an unfinished run jumps after a power cut: more than could have been seen and lost.
    static let powerCutJump: UInt64 = 1_000_000
}
