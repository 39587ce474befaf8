extension JSONTree {
    /// Indented by two spaces, tokens as they were.
    package var pretty: String {
        var out = ""
        write(into: &out, indent: "\n")
        return out
    }

    /// On one line, spaced as the server does, tokens as they were.
    package var compact: String {
        var out = ""
        write(into: &out, indent: nil)
        return out
    }

    /// A JSON string of `text`, quotes included.
    package static func quote(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{0}"..<" ":
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// `indent` is a newline and the current indentation; nil for one line.
    private func write(into out: inout String, indent: String?) {
        switch self {
        case .string(let token): out += "\"\(token)\""
        case .number(let token), .literal(let token): out += token
        case .array(let elements):
            write(elements.map { ("", $0) }, between: ("[", "]"), into: &out, indent: indent)
        case .object(let members):
            write(members.map { ("\"\($0.token)\": ", $0.value) }, between: ("{", "}"), into: &out, indent: indent)
        }
    }

    private func write(_ parts: [(String, JSONTree)], between ends: (String, String), into out: inout String, indent: String?) {
        out += ends.0
        for (index, part) in parts.enumerated() {
            if index > 0 { out += indent == nil ? ", " : "," }
            if let indent { out += indent + "  " }
            out += part.0
            part.1.write(into: &out, indent: indent.map { $0 + "  " })
        }
        if let indent, !parts.isEmpty { out += indent }
        out += ends.1
    }
}
