import ArgumentParser

/// `runstream delete`: forgets a run.
struct DeleteCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a run that has ended, with its log and result.")

    @Argument(help: "The run's id.") var runID: RunIDArgument
    @OptionGroup var client: ClientOptions

    func execute() throws -> ExitStatus {
        _ = try client.connect().call("DELETE", runID.path)
        try Output.standard.write("Run \(runID.text) is deleted\n")
        return .succeeded
    }
}
