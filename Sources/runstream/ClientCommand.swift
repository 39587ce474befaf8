import ArgumentParser

/// A command that talks to a server. It says what it does in `execute`; how it ends is the same for all.
protocol ClientCommand: ParsableCommand {
    /// Does the work.
    ///
    /// - Returns: how the process ends where nothing went wrong.
    func execute() throws -> ExitStatus
}

extension ClientCommand {
    func run() throws {
        let status: ExitStatus
        do {
            status = try execute()
        } catch let failure as CommandFailure {
            Output.notice("Error: \(failure.message)")
            status = failure.status
        }
        if status != .succeeded { throw ExitCode(status.rawValue) }
    }
}

/// The id of a run on the command line.
struct RunIDArgument: ExpressibleByArgument {
    let text: String

    /// Letters, digits, `_` and `-`: nothing that could change the path it is put into.
    init?(argument: String) {
        let isPlain = argument.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F || $0 == 0x2D
        }
        guard !argument.isEmpty, isPlain else { return nil }
        text = argument
    }

    /// The path of the run's calls.
    var path: String { "/api/v1/runs/\(text)" }
}
