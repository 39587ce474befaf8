// The calls, put together from the table.
extension OpenAPI {
    /// The document's `paths`: each path of the table once, with its calls.
    static var paths: String {
        var paths: [String] = []
        for call in Call.allCases where !paths.contains(call.rules.path) { paths.append(call.rules.path) }
        return paths.map { path in
            let calls = Call.allCases.filter { $0.rules.path == path }.map { operation($0.rules) }
            let parameters = path.contains("{id}") ? ##""parameters": [{"$ref": "#/components/parameters/id"}], "## : ""
            return "\"\(path)\": {\(parameters)\(calls.joined(separator: ",\n"))}"
        }.joined(separator: ",\n")
    }

    private static func operation(_ rules: CallRules) -> String {
        "\"\(rules.method.rawValue.lowercased())\": {\(security(rules.scope))\(rules.operation)}"
    }

    /// Where it differs from what the document says of all calls.
    private static func security(_ scope: CallRules.Scope) -> String {
        switch scope {
        case .anyone: #""security": [{}], "#
        case .key: ""
        case .keyOrToken: #""security": [{"bearer": []}, {"apiKey": []}, {"runToken": []}, {}], "#
        }
    }
}
