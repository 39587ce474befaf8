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
        let style = TerminalStyle(descriptor: 1, environment: ProcessInfo.processInfo.environment)
        let text = StatusText.describe(answer.tree, style: style, now: Int(Date().timeIntervalSince1970))
        try Output.standard.write(json ? answer.body + [0x0A] : Array((text + "\n").utf8))
        return .succeeded
    }
}
