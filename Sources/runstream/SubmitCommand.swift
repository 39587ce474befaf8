import ArgumentParser
import FoundationEssentials
import HTTPClient

/// `runstream submit`: starts a run and, if asked, stays for its end.
struct SubmitCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Submit a run; prints its id.",
        discussion: """
            With --stream the run's events are shown until it ends; with --wait its result is printed, and what is shown meanwhile goes \
            to standard error. Both together show the log and print the result.
            """)

    @OptionGroup var run: SubmitFlags
    @Flag(help: "Watch the run until it ends.") var stream = false
    @Flag(help: "Wait for the end and print the result.") var wait = false
    @Flag(help: "Print the server's answers (and the events) as JSON, one a line.") var json = false
    @OptionGroup var watch: WatchOptions
    @OptionGroup var client: ClientOptions

    func execute() throws -> ExitStatus {
        let body: String
        do throws(ArgumentProblem) {
            body = try run.body(readFile: LocalFile.readText)
        } catch {
            throw ValidationError("\(error)")
        }
        let api = try client.connect()
        let answer = try submit(body, api)
        guard let text = answer.tree["job_id"]?.text, let id = RunIDArgument(argument: text) else {
            throw api.failure(.badResponse("the answer names no run"))
        }
        let environment = ProcessInfo.processInfo.environment
        try announce(id, answer.body, isTerminal: TerminalStyle(descriptor: 2, environment: environment).isInteractive)
        guard stream || wait else { return .succeeded }
        var watcher = RunWatcher(api, id: id, options: watch.watcherOptions(knowsServer: true, client: client), view: view(environment))
        let end = try watcher.watch()
        guard wait, end != .detached else { return end }
        return try RunResult.show(id, api, json: json, style: TerminalStyle(descriptor: 1, environment: environment))
    }

    private func submit(_ body: String, _ api: APIClient) throws(CommandFailure) -> (tree: JSONTree, body: [UInt8]) {
        do {
            return try api.callJSON("POST", "/api/v1/runs", body: body)
        } catch {
            guard error.status == .unreachable, error.message.hasPrefix("the connection to") else { throw error }
            let advice =
                run.idempotencyKey == nil ? "see `runstream list` before submitting again" : "submit again with the same key to find out"
            throw CommandFailure("\(error.message)\nThe run may have been accepted: \(advice).", error.status)
        }
    }

    /// The id goes where a script can pick it up, unless the output is something else.
    private func announce(_ id: RunIDArgument, _ body: [UInt8], isTerminal: Bool) throws(CommandFailure) {
        if wait || (stream && !json) {
            Output.notice("Submitted \(id.text)")
        } else if json {
            try Output.standard.write(body + [0x0A])
        } else {
            try Output.standard.write(id.text + "\n")
            if isTerminal { Output.notice("Watch it with: runstream stream \(id.text)") }
        }
    }

    private func view(_ environment: [String: String]) -> EventView {
        let output = wait ? Output.error : .standard
        let style = TerminalStyle(descriptor: output.descriptor, environment: environment)
        if !stream { return EventView(.barOnly, output: output, style: style) }
        return EventView(json ? .json : .full, output: output, style: style)
    }
}
