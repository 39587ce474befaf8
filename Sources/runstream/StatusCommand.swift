import ArgumentParser
import FoundationEssentials

/// `runstream status`: how a run is doing.
struct StatusCommand: ClientCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Show how a run is doing.")

    @Argument(help: "The run's id.") var runID: RunIDArgument
    @Flag(help: "Print the server's answer.") var json = false
    @OptionGroup var client: ClientOptions

    func execute() throws -> ExitStatus {
        let answer = try client.connect().callJSON("GET", runID.path)
        let output = Output.standard
        if json {
            try output.write(json: answer.body)
        } else {
            // number: this machine's clock
            try output.write(StatusText.describe(answer.tree, style: output.style, now: Int(Date().timeIntervalSince1970)) + "\n")
        }
        return .succeeded
    }
}
