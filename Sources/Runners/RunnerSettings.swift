/// What the flags say about runs.
package struct RunnerSettings: Sendable {
    /// The command of runs that name no recipe, as words (`RunnerCommand`), its program by absolute path; nil: such runs are refused.
    package var runner: [String]?
    /// The recipes; nil: runs that name one are refused.
    package var recipes: RecipeBook?
    /// How many runs may have processes at a time; 0 starts none.
    package var maxConcurrent = 10
    /// Between SIGTERM and SIGKILL.
    package var killGrace = Duration.seconds(5)
    /// What running runs get at a shutdown, the kill grace included, which it caps.
    package var drainGrace = Duration.seconds(8)
    /// How long a shutdown waits for the removal of runs' directories; what is left goes at the next start.
    package var filesPatience = Limits.filesPatience
    /// This server's own id, kept with its database.
    package var instanceID: String
    /// The soft limit of open files that children get; nil: the server's.
    package var childFileLimit: UInt64?
    /// Where the attempts' directories are made: a directory that belongs to this database alone, mode 0700. What earlier attempts left in
    /// it is removed at start, once their processes have ended.
    package var attemptsDirectory: String
    /// The server's environment (`NAME=value`), which runs get, less what is the server's own.
    package var environment: [String]

    package init(instanceID: String, attemptsDirectory: String, environment: [String] = ServerEnvironment.variables()) {
        self.instanceID = instanceID
        self.attemptsDirectory = attemptsDirectory
        self.environment = environment
    }

    /// The kill grace that a shutdown leaves.
    var drainKillGrace: Duration { min(killGrace, drainGrace) }
}
