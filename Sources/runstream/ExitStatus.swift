/// What the client commands end with, so that a script can tell the cases apart.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case succeeded = 0
    case failed = 1
    case cancelled = 3
    case refused = 4
    case unreachable = 5
    case unfinished = 6
    case usage = 64
    case damaged = 65
    case output = 74
    case inUse = 75
    case detached = 130

    /// For the help, in the order of the numbers.
    package static let help = """
        EXIT STATUS
          0    the run succeeded, or the call was answered
          1    the run failed
          3    the run was cancelled
          4    refused by the server (unknown run, wrong key, bad value: 4xx)
          5    no server reached, or one that cannot answer now (5xx)
          6    no result yet: the run has not ended
          64   wrong usage
          65   a database or backup that is damaged, or of a newer version
          74   output could not be written
          75   the database is in use
          130  detached by Ctrl-C; the run goes on
        """

    /// A run's end as an exit status; nil while it goes on.
    package init?(runStatus: String) {
        switch runStatus {
        case "succeeded": self = .succeeded
        case "failed": self = .failed
        case "cancelled": self = .cancelled
        default: return nil
        }
    }
}

/// Why a command ends early: words for the user, and a number for the script.
package struct CommandFailure: Error, Equatable {
    package let message: String
    package let status: ExitStatus

    package init(_ message: String, _ status: ExitStatus) {
        self.message = message
        self.status = status
    }
}
