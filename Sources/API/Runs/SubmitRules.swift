import Jobs
import Runners

/// What this server takes as a submission.
package struct SubmitRules: Sendable {
    /// Nil: no run may name one.
    let recipes: RecipeBook?
    /// Whether there is a runner for runs that name no recipe (`--runner`).
    let hasRunner: Bool
    /// Nil: `agent_file` is refused.
    let agentRoot: AgentRoot?
    /// Seconds, for runs that name none.
    let defaultTimeout: Int
    let defaultMaxAttempts: Int

    /// - Parameters:
    ///   - recipes: nil refuses every `recipe_name`.
    ///   - hasRunner: whether runs without a recipe have a runner.
    ///   - agentRoot: nil refuses every `agent_file`.
    ///   - defaultTimeout: seconds, for runs that name none (`--timeout`).
    ///   - defaultMaxAttempts: for runs that name none (`--max-attempts`).
    package init(recipes: RecipeBook?, hasRunner: Bool, agentRoot: AgentRoot?, defaultTimeout: Int, defaultMaxAttempts: Int) {
        self.recipes = recipes
        self.hasRunner = hasRunner
        self.agentRoot = agentRoot
        self.defaultTimeout = defaultTimeout
        self.defaultMaxAttempts = defaultMaxAttempts
    }
}

/// A submission that passed every check: what a new run is made of.
package struct SubmitOrder: Sendable, Equatable {
    /// What the runner is told.
    package let work: JobWork
    /// At most 1,024 bytes, without NUL; nil for none.
    package let sessionID: String?
    /// Seconds.
    package let timeout: Int
    /// 1...20.
    package let maxAttempts: Int
    /// `http` or `https`, at most 2,048 bytes; where it leads is checked when it is called.
    package let webhookURL: String?
    /// From the header or the member, in its scope; nil for none.
    package let key: IdempotencyKey?
}
