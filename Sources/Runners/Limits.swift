/// Every bound of this module, with its unit.
package enum Limits {
    /// Bytes of one line of a runner's output, its line ending not counted; what is longer is cut.
    package static let lineBytes = 256 * 1024
    /// How deep the arrays and objects of a line may nest; the line's own object counts.
    package static let jsonDepth = 64
    /// Characters of an event's name.
    package static let eventNameLength = 64
    /// Bytes of a stderr line that become a failed run's error; longer lines are cut there.
    package static let errorBytes = 8 * 1024
    /// Lines of stderr that a failed run's result shows.
    static let tailLines = 20
    /// Bytes of them.
    static let tailBytes = 4 * 1024
    /// Between two frames of progress bars that a run's viewers see.
    package static let frameInterval = Duration.milliseconds(250)
    /// Bytes at the beginning of a frame that are looked at for a percentage.
    static let barHeadBytes = 256
    /// Bytes that one read takes from a runner's pipe: the pipe's own capacity.
    package static let readBytes = 64 * 1024
    /// Bytes of a job's log that may wait for their commit; over it its runner's pipes are not read.
    package static let unpublishedBytes = 1024 * 1024
    /// The same for all jobs together; over it only a job with nothing unpublished is read.
    package static let totalUnpublishedBytes = 64 * 1024 * 1024
    /// Bytes of a result file; a larger one fails the run.
    package static let resultFileBytes = 16 * 1024 * 1024
    /// How long something else may hold stdout after the leader's exit.
    package static let stdoutGrace = Duration.seconds(2)
    /// Bytes that are still read from such a stdout, and at the end from stderr.
    package static let lastReadBytes = 1024 * 1024
    /// Between two tries to start a guardian.
    static let guardianPause = Duration.seconds(1)
    /// How often SIGKILL is repeated for processes that are not below the guardian.
    package static let killInterval = Duration.milliseconds(50)
    /// How long killed processes are waited for before the log says that they cannot be ended.
    package static let killPatience = Duration.seconds(10)
    /// Bytes of a program's first line that are looked at if it can't be started.
    static let shebangBytes = 256
    /// How long a program that is being written is tried again, and how often.
    static let busyPatience = Duration.seconds(1)
    static let busyInterval = Duration.milliseconds(50)
    /// Notes of programs that are read from one file of an earlier server.
    package static let notes = 100_000
    /// How long a shutdown waits for the removal of runs' directories.
    static let filesPatience = Duration.milliseconds(300)
    /// How long a shutdown waits for killed processes to be gone.
    package static let drainPatience = Duration.milliseconds(500)
    /// Bytes of plain stdout text that are kept for the result.
    package static let plainTextBytes = 1024 * 1024
}
