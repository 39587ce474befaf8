import ArgumentParser
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
            throw CommandFailure("\(error)", .usage)
        }
        let api = try client.connect()
        let answer = try submit(body, api)
        guard let text = answer.tree["job_id"]?.text, let id = RunIDArgument(argument: text) else {
            throw api.failure(.badResponse("the answer names no run"))
        }
        try announce(id, answer.body)
        guard stream || wait else { return .succeeded }
        var watcher = RunWatcher(api, id: id, options: watch.watcherOptions(knowsServer: true, client: client), view: view())
        let end = try watcher.watch()
        guard wait, end != .detached else { return end }
        return try RunResult.show(
            id, api, json: json, isEndShown: (stream && !json) || watcher.hasToldEnd, comeBackOptions: client.comeBackOptions)
    }

    private func submit(_ body: String, _ api: APIClient) throws(CommandFailure) -> (tree: JSONTree, body: [UInt8]) {
        do {
            return try api.callJSON("POST", "/api/v1/runs", body: body)
        } catch {
            guard error.status == .unreachable, error.message.hasPrefix("the connection to") else { throw error }
            let advice =
                run.idempotencyKey == nil
                ? "see `runstream list\(client.comeBackOptions)` before submitting again" : "submit again with the same key to find out"
            throw CommandFailure("\(error.message)\nThe run may have been accepted: \(advice).", error.status)
        }
    }

    /// The id goes where a script can pick it up, unless the output is something else.
    private func announce(_ id: RunIDArgument, _ body: [UInt8]) throws(CommandFailure) {
        if wait || (stream && !json) {
            Output.notice("Submitted \(id.text)")
        } else if json {
            try Output.standard.write(json: body)
        } else {
            try Output.standard.write(id.text + "\n")
            if Output.error.style.isInteractive { Output.notice("Watch it with: runstream stream \(id.text)\(client.comeBackOptions)") }
        }
    }

    private func view() -> EventView {
        let output = wait ? Output.error : .standard
        if !stream { return EventView(.barOnly, output: output) }
        return EventView(json ? .json : .full, output: output)
    }
}
