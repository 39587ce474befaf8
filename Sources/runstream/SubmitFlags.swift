import ArgumentParser

/// What a run is made of: an option for each member of the submit call.
package struct SubmitFlags: ParsableArguments {
    /// Where an idempotency key is unique.
    enum Scope: String, ExpressibleByArgument, CaseIterable {
        case none, session, global
    }

    @Argument(help: "What is to be done; - reads it from standard input.") var prompt: String
    @Option(help: ArgumentHelp("The recipe that does it.", valueName: "name")) var recipe: String?
    @Option(help: ArgumentHelp("The recipe's settings, an object: JSON, or @file.", valueName: "json")) var recipeConfig: String?
    @Option(help: ArgumentHelp("An agent file under the server's --agent-root.", valueName: "path")) var agentFile: String?
    @Option(help: ArgumentHelp("An agent definition: YAML, or @file.", valueName: "yaml")) var agentYaml: String?
    @Option(help: ArgumentHelp("The agent framework.", valueName: "name")) var framework: String?
    @Option(help: ArgumentHelp("The framework's settings, an object: JSON, or @file.", valueName: "json")) var config: String?
    @Option(help: ArgumentHelp("Called when the run has ended.", valueName: "url")) var webhookURL: String?
    @Option(
        help: ArgumentHelp("Time for each attempt: whole seconds, or 10m, 2h.", valueName: "duration"),
        transform: DurationArgument.parseRunTimeout)
    var timeout: Duration?
    @Option(help: ArgumentHelp("Groups runs.", valueName: "id")) var sessionID: String?
    @Option(help: ArgumentHelp("Submitting again with the same key starts nothing new.", valueName: "key")) var idempotencyKey: String?
    @Option(help: "Where the key is unique.") var idempotencyScope: Scope?
    @Option(help: ArgumentHelp("Attempts, the first included, 1 to 20.", valueName: "count")) var maxAttempts: Int?

    package init() {}

    /// The submit call's body; `readFile` gives the text of a file, `-` being standard input.
    package func body(readFile: (String) throws(ArgumentProblem) -> String) throws(ArgumentProblem) -> String {
        var members = [("prompt", JSONTree.quote(prompt == "-" ? try read("the prompt", "-", readFile) : prompt))]
        func add(_ name: String, _ text: String?) { if let text { members.append((name, JSONTree.quote(text))) } }
        func add(_ name: String, _ number: Int?) { if let number { members.append((name, "\(number)")) } }
        add("recipe_name", recipe)
        if let recipeConfig { members.append(("recipe_config", try object("--recipe-config", recipeConfig, readFile))) }
        add("agent_file", agentFile)
        add("agent_yaml", try agentYaml.map { text throws(ArgumentProblem) in try inline("--agent-yaml", text, readFile) })
        add("framework", framework)
        if let config { members.append(("config", try object("--config", config, readFile))) }
        add("webhook_url", webhookURL)
        add("timeout", timeout.map { Int($0.components.seconds) })
        add("session_id", sessionID)
        add("idempotency_key", idempotencyKey)
        add("idempotency_scope", idempotencyScope?.rawValue)
        add("max_attempts", maxAttempts)
        return "{" + members.map { "\(JSONTree.quote($0.0)): \($0.1)" }.joined(separator: ", ") + "}"
    }

    private func read(
        _ name: String, _ path: String, _ readFile: (String) throws(ArgumentProblem) -> String
    ) throws(ArgumentProblem) -> String {
        do {
            return try readFile(path)
        } catch {
            throw ArgumentProblem("\(name): cannot read \(path): \(error)")
        }
    }

    private func inline(
        _ flag: String, _ text: String, _ readFile: (String) throws(ArgumentProblem) -> String
    ) throws(ArgumentProblem) -> String {
        text.hasPrefix("@") ? try read(flag, String(text.dropFirst()), readFile) : text
    }

    /// The object's own text: its numbers reach the recipe as they were written.
    private func object(
        _ flag: String, _ text: String, _ readFile: (String) throws(ArgumentProblem) -> String
    ) throws(ArgumentProblem) -> String {
        guard let tree = JSONTree(try inline(flag, text, readFile)), case .object = tree else {
            throw ArgumentProblem("\(flag): not a JSON object")
        }
        return tree.compact
    }
}
