/// One event of a run as the client understands it.
package enum RunEvent: Sendable, Equatable {
    case progress(JSONTree)
    /// `isTransient`: a frame of a progress bar, shown in place of the one before. `fields`: what else a JSON logger said, as `name=value`.
    case log(message: String, isStderr: Bool, level: String?, isTransient: Bool = false, fields: String = "")
    case complete(status: String, error: String?)
    case retry(attempt: Int, maxAttempts: Int, reason: String, error: String?)
    /// Events before this one are no longer kept.
    case gap(requested: Int, oldest: Int)
    case error(String)
    /// A kind of the runner's own.
    case other(name: String, data: JSONTree)

    /// Reads the `data` of one server-sent event; nil for what is not an envelope.
    package init?(_ envelope: String) {
        guard let tree = JSONTree(envelope), let name = tree["event"]?.text else { return nil }
        let data = tree["data"] ?? .literal("null")
        switch name {
        case "progress": self = .progress(data)
        case "log":
            self = .log(
                message: data["message"]?.text ?? data.text ?? data.readable.compact, isStderr: data["stream"]?.text == "stderr",
                level: data["level"]?.text, isTransient: data["transient"] == .literal("true"),
                fields: Self.fields(data["fields"]))
        case "complete": self = .complete(status: data["status"]?.text ?? "", error: data["error"]?.text)
        case "retry":
            self = .retry(
                attempt: data["attempt"]?.integer ?? 0, maxAttempts: data["max_attempts"]?.integer ?? 0,
                reason: data["reason"]?.text ?? "failed",
                error: data["error"]?.text)
        case "gap": self = .gap(requested: data["requested"]?.integer ?? 0, oldest: data["oldest"]?.integer ?? 0)
        case "error": self = .error(data["error"]?.text ?? data["message"]?.text ?? data.text ?? data.readable.compact)
        default: self = .other(name: name, data: data)
        }
    }

    private static func fields(_ data: JSONTree?) -> String {
        guard case .object(let members) = data else { return "" }
        return members.map { member in
            let value = member.value.readable
            let text = value.text.flatMap { $0.isEmpty || $0.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) ? nil : $0 }
            return "\(member.name)=\(text ?? value.compact)"
        }.joined(separator: " ")
    }
}
