import ArgumentParser

/// `runstream result`: what a run came to.
struct ResultCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "result", abstract: "Print the result of a run that has ended.",
        discussion: "A text is printed as it is, anything else as JSON, its numbers as the runner wrote them.")

    @Argument(help: "The run's id.") var runID: RunIDArgument
    @Flag(help: "Print the server's whole answer: times, metrics and error, too.") var json = false
    @OptionGroup var client: ClientOptions

    func execute() throws -> ExitStatus {
        try RunResult.show(runID, client.connect(), json: json, comeBackOptions: client.comeBackOptions)
    }
}
