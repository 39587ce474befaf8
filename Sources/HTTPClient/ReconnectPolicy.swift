/// When to try again, and when to give up. Pure: time and chance are arguments.
package struct ReconnectPolicy: Sendable {
    /// How long to go on without hearing anything from the server; zero never tries again.
    package var giveUpAfter: Duration
    /// Whether a server that has never answered is tried again: not when the user has perhaps just mistyped its address.
    package var retriesFirstContact: Bool
    /// The wait before the first attempt, where the server has not said one with `retry:`.
    package var defaultWait: Duration

    package init(giveUpAfter: Duration = .seconds(300), retriesFirstContact: Bool = false, defaultWait: Duration = .seconds(1)) {
        self.giveUpAfter = giveUpAfter
        self.retriesFirstContact = retriesFirstContact
        self.defaultWait = defaultWait
    }

    /// How long to wait before the next attempt.
    ///
    /// The first wait is what the server asked for, which it draws for each viewer, so that a restart does not bring all back at
    /// once. After that a bound doubles with each failure, from at least half a second, and the wait is drawn from its upper half.
    ///
    /// - Parameters:
    ///   - failures: consecutive ones, from 1.
    ///   - retry: the stream's `retry:`.
    ///   - retryAfter: the refusal's `Retry-After`; waits at least that.
    ///   - chance: in 0..<1.
    ///   - limits: the longest waits.
    /// - Returns: the wait.
    package func wait(failures: Int, retry: Duration?, retryAfter: Duration?, chance: Double, limits: Limits) -> Duration {
        let first = min(retry ?? defaultWait, limits.longestRequestedWait)
        guard failures > 1 else { return max(first, min(retryAfter ?? .zero, limits.longestRequestedWait)) }
        let bound = min(limits.longestBackoff, max(first, .milliseconds(500)) * (1 << min(failures - 1, 20)))
        let drawn = max(first, bound / 2 + bound / 2 * chance)
        return max(drawn, min(retryAfter ?? .zero, limits.longestRequestedWait))
    }
}
