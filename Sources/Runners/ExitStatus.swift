import Glibc

/// How a run's leader ended.
enum ExitStatus: Equatable {
    case exited(Int32)
    case killed(signal: Int32)

    /// The exit status; nil after a signal.
    var status: Int? {
        if case .exited(let status) = self { Int(status) } else { nil }
    }

    /// The signal that ended it.
    var signal: Int? {
        if case .killed(let signal) = self { Int(signal) } else { nil }
    }

    /// The error of a run that ended so; nil for success.
    ///
    /// A signal comes first: a program that the kernel kills for its memory says nothing of that, and the last line it wrote would mislead.
    ///
    /// - Parameter lastLine: the last line that it wrote to stderr.
    /// - Returns: the signal, else the line, else the exit status.
    func error(lastLine: String?) -> String? {
        switch self {
        case .exited(0): nil
        case .exited(let status): lastLine ?? "Exited with status \(status)"
        case .killed(let signal): "Killed by signal \(signal)\(Self.names[signal].map { " (\($0))" } ?? "")"
        }
    }

    private static let names: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS",
        SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1", SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2", SIGPIPE: "SIGPIPE",
        SIGALRM: "SIGALRM", SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ", SIGSYS: "SIGSYS", SIGVTALRM: "SIGVTALRM",
        SIGPROF: "SIGPROF", SIGIO: "SIGIO", SIGPWR: "SIGPWR", SIGSTKFLT: "SIGSTKFLT",
    ]
}
