import Jobs

/// Decides whether the wall clock may be trusted to delete old runs by.
///
/// A clock that is 30 days ahead for a moment would make every finished run older than `--retain`. So deleting waits where the clock looks
/// wrong: at start if it is more than a day ahead of the last change in the database, and later if it has jumped. Pure: both clocks are
/// passed in.
package struct RetentionClock {
    /// Why deleting waits, for the log.
    package enum Doubt: Equatable {
        /// The clock is so far ahead of the last change in the database. That is also so where the server was down for long.
        case aheadOfDatabase(by: Duration)
        /// The clock has moved by so much more (or less) than time has passed.
        case jumped(by: Duration)
    }

    private let limits: StorageLimits
    private var wall: Timestamp
    private var steady: ContinuousClock.Instant
    private var waitsUntil: ContinuousClock.Instant?
    private var news: Doubt?

    /// - Parameters:
    ///   - lastChange: when the database was last changed, by the clock of then; nil for an empty one.
    ///   - wall: the time of day.
    ///   - steady: the same moment on a clock that nobody sets.
    ///   - limits: how far is too far, and how long to wait.
    package init(lastChange: Timestamp?, wall: Timestamp, steady: ContinuousClock.Instant, limits: StorageLimits) {
        self.limits = limits
        self.wall = wall
        self.steady = steady
        guard let lastChange, wall - lastChange > limits.trustedGap else { return }
        doubt(.aheadOfDatabase(by: wall - lastChange), at: steady)
    }

    /// Whether runs may be deleted now.
    ///
    /// - Parameters:
    ///   - wall: the time of day.
    ///   - steady: the same moment on a clock that nobody sets.
    /// - Returns: false while there is a doubt, and for an hour after it.
    package mutating func mayDelete(wall: Timestamp, steady: ContinuousClock.Instant) -> Bool {
        let jump = (wall - self.wall) - (steady - self.steady)
        self.wall = wall
        self.steady = steady
        if jump > limits.trustedJump || jump < .zero - limits.trustedJump { doubt(.jumped(by: jump), at: steady) }
        guard let waitsUntil, steady < waitsUntil else {
            waitsUntil = nil
            return true
        }
        return false
    }

    /// A doubt that has not been told yet; once.
    package mutating func takeNews() -> Doubt? {
        defer { news = nil }
        return news
    }

    private mutating func doubt(_ doubt: Doubt, at steady: ContinuousClock.Instant) {
        waitsUntil = steady + limits.retentionPause
        news = doubt
    }
}
