import Glibc
import Logging
import Support

/// How the text of a setting is read, where neither duration nor size. Each says what would have been right.
enum SettingText {
    static func text(_ text: String) throws(ArgumentProblem) -> String {
        guard !text.isEmpty else { throw ArgumentProblem("must not be empty") }
        return text
    }

    static func integer(in bounds: ClosedRange<Int>) -> @Sendable (String) throws(ArgumentProblem) -> Int {
        { text throws(ArgumentProblem) in
            guard let number = Int(outside: text, in: bounds) else {
                throw ArgumentProblem("must be a number from \(bounds.lowerBound) to \(bounds.upperBound)")
            }
            return number
        }
    }

    static func boolean(_ text: String) throws(ArgumentProblem) -> Bool {
        switch text.lowercased() {
        case "1", "true", "yes", "on": true
        case "0", "false", "no", "off": false
        default: throw ArgumentProblem("must be true or false")
        }
    }

    /// An address, without the brackets of an IPv6 one, or a name.
    static func host(_ text: String) throws(ArgumentProblem) -> String {
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        guard isAddress(bare) || isHostName(bare) else { throw ArgumentProblem("must be an IP address or a host name, without a port") }
        return bare
    }

    /// In lower case, as `Host` is compared.
    static func hostNames(_ text: String) throws(ArgumentProblem) -> [String] {
        try list(text) { part throws(ArgumentProblem) in
            guard isHostName(part) else { throw ArgumentProblem("\(part) is not a host name (no scheme, no port, no path)") }
            return part.lowercased()
        }
    }

    static func origins(_ text: String) throws(ArgumentProblem) -> [String] {
        try list(text) { part throws(ArgumentProblem) in
            if part == "*" { return part }
            let origin = part.lowercased()
            let authority = origin.hasPrefix("https://") ? origin.dropFirst(8) : origin.hasPrefix("http://") ? origin.dropFirst(7) : ""
            guard !authority.isEmpty, authority.allSatisfy({ $0.isASCII && !"/?#@, ".contains($0) }) else {
                throw ArgumentProblem("\(part) is not an origin such as https://example.com or http://127.0.0.1:8000 (no path)")
            }
            return origin
        }
    }

    static func networks(_ text: String) throws(ArgumentProblem) -> [String] {
        try list(text) { part throws(ArgumentProblem) in
            let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let bits = halves[0].contains(":") ? 128 : 32
            guard isAddress(String(halves[0])), halves.count == 1 || Int(outside: halves[1], in: 0...bits) != nil else {
                throw ArgumentProblem("\(part) is not an address or network such as 127.0.0.1 or 10.0.0.0/8")
            }
            return part
        }
    }

    static func logLevel(_ text: String) throws(ArgumentProblem) -> Logger.Level {
        let known: [Logger.Level] = [.trace, .debug, .info, .warning, .error]
        guard let level = known.first(where: { $0.rawValue == text.lowercased() }) else {
            throw ArgumentProblem("must be trace, debug, info, warning or error")
        }
        return level
    }

    static func logFormat(_ text: String) throws(ArgumentProblem) -> ServeSettings.LogFormat {
        guard let format = ServeSettings.LogFormat(rawValue: text.lowercased()) else { throw ArgumentProblem("must be text or json") }
        return format
    }

    private static func list(_ text: String, _ read: (String) throws(ArgumentProblem) -> String) throws(ArgumentProblem) -> [String] {
        var values: [String] = []
        for part in text.split(separator: ",") {
            let trimmed = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            if !trimmed.isEmpty { values.append(try read(String(trimmed))) }
        }
        return values
    }

    private static func isAddress(_ text: String) -> Bool {
        var storage = in6_addr()
        return unsafe inet_pton(AF_INET, text, &storage) == 1 || inet_pton(AF_INET6, text, &storage) == 1
    }

    private static func isHostName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") } }
    }
}
