import HTTPClient
import Support

/// What a refusal says, for a person: the problem's `detail`, the places it points to, and a hint where we know one. Pure.
package enum ProblemText {
    package static func describe(_ response: HTTPResponse) -> String {
        let tree = JSONTree(response.body)
        let said = tree?["detail"]?.text ?? tree?["title"]?.text ?? tree?["error"]?.text
        var lines = [said.map { TerminalText.escape($0) } ?? "the server answered \(response.status)"]
        for error in tree?["errors"]?.elements ?? [] {
            guard let detail = error["detail"]?.text else { continue }
            lines.append("  " + TerminalText.escape([error["pointer"]?.text, detail].compactMap { $0 }.joined(separator: ": ")))
        }
        if let hint = hint(response) { lines.append(hint) }
        return lines.joined(separator: "\n")
    }

    private static func hint(_ response: HTTPResponse) -> String? {
        switch response.status {
        case 401: "Give the API key by RUNSTREAM_API_KEY or --api-key-file."
        case 300..<400: "It points to \(TerminalText.escape(response.header("Location") ?? "another place")): correct --api-url."
        case 429, 503: response.header("Retry-After").flatMap { Int(outside: $0, in: 0 ... .max) }.map { "Try again in \($0) s." }
        default: nil
        }
    }
}
