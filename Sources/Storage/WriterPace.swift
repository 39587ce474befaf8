import Jobs

/// When the writer does what: how long it waits, when it tries again, when it looks for old runs.
struct WriterPace {
    /// The wait before the next try; nil while commits succeed.
    var retry: Duration?
    private var pruneAt: ContinuousClock.Instant?
    private var stopAt: ContinuousClock.Instant?
    /// Whether there is so much to write that it is worth waiting for more.
    private(set) var isBusy = false
    /// Changes written in the present window, and when that began.
    private var window = (changes: 0, begin: ContinuousClock.now)

    init(_ limits: StorageLimits) {
        pruneAt = limits.retain == nil ? nil : .now
    }

    /// How long the queue may be waited for; nil: for ever.
    var patience: Duration? {
        let end = retry.map { ContinuousClock.now + $0 } ?? pruneAt
        let earlier = end.map { end in stopAt.map { min($0, end) } ?? end }
        return earlier.map { max(.zero, $0 - .now) }
    }

    var isPruningDue: Bool { pruneAt.map { $0 <= .now } ?? false }

    /// Counts what a commit has taken. Whoever changes that much in one window is busy until a window in which it does not.
    mutating func note(changes: Int, _ limits: StorageLimits) {
        let age = ContinuousClock.now - window.begin
        if age > limits.busyWindow {
            isBusy = window.changes >= limits.busyChanges && age < limits.busyWindow * 2
            window = (0, .now)
        }
        window.changes += changes
        if window.changes >= limits.busyChanges { isBusy = true }
    }

    mutating func failed(_ limits: StorageLimits) {
        retry = retry.map { min($0 * 2, limits.longestRetry) } ?? limits.firstRetry
    }

    /// While there are more, pruning takes at most half of the writer's time.
    mutating func pruned(_ count: Int, took: Duration, _ limits: StorageLimits) {
        pruneAt = .now + (count > 0 ? took : limits.pruneInterval)
    }

    /// From the first time it is told to stop, a failing writer goes on for a while.
    mutating func noteStopping(_ limits: StorageLimits) {
        stopAt = stopAt ?? .now + limits.stopPatience
    }

    /// Whether a writer that is to stop has tried in vain long enough.
    var mayGiveUp: Bool {
        guard retry != nil, let stopAt else { return false }
        return stopAt <= .now
    }
}
