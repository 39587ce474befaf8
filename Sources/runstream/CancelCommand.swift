import ArgumentParser

/// `runstream cancel`: ends a run.
struct CancelCommand: ClientCommand {
    static let configuration = CommandConfiguration(commandName: "cancel", abstract: "Cancel a run that waits or runs.")

    @Argument(help: "The run's id.") var runID: RunIDArgument
    @Flag(help: "Print the server's answer.") var json = false
    @OptionGroup var client: ClientOptions

    func execute() throws -> ExitStatus {
        let answer = try client.connect().callJSON("POST", "\(runID.path)/cancel")
        if json { try Output.standard.write(json: answer.body) } else { try Output.standard.write("Run \(runID.text) is cancelled\n") }
        return .succeeded
    }
}
