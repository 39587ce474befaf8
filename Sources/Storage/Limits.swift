/// Every bound of the storage. The values are the defaults; `Serve` passes what the flags say.
package struct StorageLimits: Sendable {
    /// Bytes of log that one run may keep (`--retain-log`); older events are trimmed.
    package var retainLogBytes = 64 << 20
    /// How long finished runs are kept (`--retain`); nil keeps them for ever.
    package var retain: Duration? = .seconds(7 * 86_400)
    /// Runs that one commit may change; the rest waits for the next one.
    package var batchJobs = 4_096
    /// Submits in one commit.
    package var batchSubmits = 1_024
    /// Deletes in one commit.
    package var batchDeletes = 16
    /// Bytes of log that one transaction frees, by deletes or retention, before it leaves the rest to the next. The run that goes over it
    /// still goes: a transaction frees at most this and one log.
    package var deleteBytes = 64 << 20
    /// How long the writer rests after a commit under load, so that more gather for the next: each then costs less. On a quiet server nothing
    /// waits.
    package var commitRest: Duration = .milliseconds(4)
    /// How many changes within `busyWindow` are such a load.
    package var busyChanges = 16
    package var busyWindow: Duration = .milliseconds(20)
    /// How many changes in one commit are such a load when some of them were submits or deletes; since their callers wait, it then rests for
    /// `awaitedCommitRest` only.
    package var commitSiblings = 8
    package var awaitedCommitRest: Duration = .microseconds(500)
    /// How many runs' changes in one commit make it worth writing their events to the journal first.
    package var journalSiblings = 4
    /// Bytes of journal, headers and what has been moved meanwhile included, after which its oldest part is moved to the logs. 1,000 runs have
    /// room for 8 KiB each: a row of log is full well before. The newest row comes on top; in memory there is at most as much again.
    package var journalBytes = 8 << 20
    /// The first wait after a failed commit; it doubles up to `longestRetry`.
    package var firstRetry: Duration = .milliseconds(50)
    package var longestRetry: Duration = .seconds(5)
    /// How long a writer that is told to stop goes on trying when its commits fail.
    package var stopPatience: Duration = .seconds(2)
    /// How often finished runs over their age are looked for; right away again while there are more.
    package var pruneInterval: Duration = .seconds(60)
    /// How far the clock may be ahead of the database's last change at start, and how far it may jump later, before deleting waits.
    package var trustedGap: Duration = .seconds(86_400)
    package var trustedJump: Duration = .seconds(60)
    /// How long it then waits.
    package var retentionPause: Duration = .seconds(3_600)
    /// Finished runs that are deleted in one transaction.
    package var pruneRuns = 32
    /// Threads that read.
    package var readers = 3
    /// Reads that may wait; one more is answered `.failed`.
    package var waitingReads = 100_000
    /// Bytes of log that one page read back from the store holds, about.
    package var pageBytes = 256 << 10
    /// Bytes of pages that are kept for the next viewer.
    package var pageCacheBytes = 64 << 20

    package init() {}
}

/// What a sound database holds. A row outside these bounds was not written by this program: it is refused as damaged before anything is
/// added to it or multiplied with it.
enum StoredBounds {
    /// Sequence numbers, epochs and offsets in a log: so far below 64 bits that no sum of two overflows.
    static let place: ClosedRange<Int64> = 0...1 << 61
    /// A run's timeout in seconds and its attempts. Wider than what is taken today, so that older databases stay readable.
    static let count: ClosedRange<Int64> = 0...1 << 40
    /// Microseconds since 1970: the years 0 to 9999.
    static let time: ClosedRange<Int64> = -62_167_219_200_000_000...253_402_300_799_999_999
}

/// Sizes that no flag changes.
enum StorageSizes {
    /// A row of log holds at most this, unless a single frame is longer.
    static let rowBytes = 256 << 10
    /// A commit is added to the log's last row while that stays smaller: it then fits a database page, and a quiet log does not become a
    /// row per event.
    static let mergedRowBytes = 3_500
    /// What is longer gains nothing by way of the journal, since no two of them make a row.
    static let journaledRowBytes = mergedRowBytes / 2
    /// A log's rows are numbered in this many low bits, its job in those above: 34 billion runs, 268 million rows each (at 3,500 bytes a
    /// row about a terabyte).
    static let rowBits: Int64 = 28
    /// Pages of write-ahead log after which it is checkpointed, off the writer's thread (16 MiB): a page that a thousand runs rewrite all the
    /// time then goes to the database a quarter as often as with 4 MiB.
    static let checkpointPages = 4_096
    /// Pages of write-ahead log at which the writer itself checkpoints, so that it cannot grow for ever (32 MiB).
    static let walPages = 8_192
    /// The write-ahead log's file is made longer by this many bytes at a time, before it is needed.
    static let writeAheadSpace = 4 << 20
    /// And up to this many: a little more than `walPages`.
    static let longestWriteAheadSpace = 36 << 20
    /// The shortest time between two checkpoints.
    static let checkpointPause: Duration = .milliseconds(20)
    /// Runs that the writer keeps in mind between two commits, about 300 bytes each.
    static let knownRuns = 16_384
    /// The writer's page cache, in KiB.
    static let writerCacheKiB = 32 << 10
    /// How long a connection waits for a lock of another program's (`sqlite3` on the same file), in seconds.
    static let busySeconds = 5
}
