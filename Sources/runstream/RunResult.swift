import HTTPClient

/// The result of a run: asking for it and showing it.
enum RunResult {
    /// Prints the result on standard output, or says on standard error why there is none.
    ///
    /// - Parameters:
    ///   - id: the run.
    ///   - client: the server.
    ///   - json: prints the server's whole body instead.
    ///   - isEndShown: the user has read how the run ended, so only a result is printed.
    ///   - comeBackOptions: what the command that is recommended needs to reach the same server.
    /// - Throws: why there is no answer, or why it can't be shown.
    /// - Returns: the run's end, or `unfinished` if it has none yet.
    static func show(
        _ id: RunIDArgument, _ client: APIClient, json: Bool, isEndShown: Bool = false, comeBackOptions: String
    ) throws(CommandFailure) -> ExitStatus {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try client.http.send(client.request("GET", "\(id.path)/result"))
            if response.status == 409 {
                Output.notice("Error: \(ProblemText.describe(response))\nWait for it with: runstream stream \(id.text)\(comeBackOptions)")
                return .unfinished
            }
            guard response.status == 200 else { throw .refused(response) }
        } catch {
            throw client.failure(error)
        }
        guard let tree = JSONTree(response.body), let status = tree["status"]?.text, let end = ExitStatus(runStatus: status) else {
            throw client.failure(.badResponse("the answer is no result"))
        }
        if json {
            try Output.standard.write(json: response.body)
        } else if end == .succeeded {
            try Output.standard.write(text(tree["result"] ?? .literal("null"), style: Output.standard.style) + "\n")
        } else if !isEndShown {
            Output.notice("Run \(status)" + (tree["error"]?.text.map { ": \(TerminalText.escape($0))" } ?? ""))
            if let tail = tree["failure"]?["stderr_tail"]?.text, tail != tree["error"]?.text, !tail.isEmpty {
                Output.notice("The last lines of its stderr:\n" + TerminalText.lines(tail).map { "  \($0)" }.joined(separator: "\n"))
            }
        }
        return end
    }

    /// A string as it is, anything else as indented JSON; on a terminal without what would steer it.
    private static func text(_ result: JSONTree, style: TerminalStyle) -> String {
        guard style.isInteractive else { return result.text ?? result.readable.pretty }
        return result.text.map { TerminalText.lines($0).joined(separator: "\n") } ?? TerminalText.escapeJSON(result.readable.pretty)
    }
}
