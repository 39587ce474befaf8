import Jobs

/// What the writer has done since the start, for `/metrics`. A value; `StoreWriter.metrics` copies it.
package struct StoreMetrics: Sendable {
    /// Transactions that were committed.
    package internal(set) var commits = 0
    /// Transactions that failed; what they held was tried again, except submits and deletes, which were answered.
    package internal(set) var failures = 0
    /// Runs created.
    package internal(set) var submits = 0
    /// Runs changed, counted per transaction.
    package internal(set) var changes = 0
    /// Events committed.
    package internal(set) var events: UInt64 = 0
    /// Bytes of log committed.
    package internal(set) var bytes = 0
    /// Runs deleted because of their age.
    package internal(set) var pruned = 0
    /// How long a committed transaction took, begin to end.
    package internal(set) var latency = StoreHistogram()

    mutating func note(_ batch: WriteBatch, took: Duration) {
        commits += 1
        changes += batch.commits.count
        for commit in batch.commits { note(commit) }
        for submission in batch.submits { note(submission.commit) }
        latency.note(took)
    }

    private mutating func note(_ commit: borrowing JobCommit) {
        bytes += commit.end.offset - commit.expected.end.offset
        events += commit.end.offset == commit.expected.end.offset ? 0 : commit.end.sequence + 1 - commit.firstSequence
    }
}

/// Durations counted in buckets, as Prometheus wants them.
package struct StoreHistogram: Sendable {
    /// The buckets' upper ends, in seconds; one more bucket holds what is longer.
    package static let bounds: [Double] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// Per bucket, not added up.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// All durations together, in seconds.
    package private(set) var sum = 0.0

    package var count: Int { counts.reduce(0, +) }

    mutating func note(_ duration: Duration) {
        let seconds = Double(duration.inMicroseconds) / 1_000_000
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        counts[bucket] += 1
        sum += seconds
    }
}
