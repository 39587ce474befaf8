import Support

/// A host and, where it was given, a port, as in a `Host` header or an origin. The host is lower-case, an IPv6 address without its
/// brackets.
package struct Authority: Hashable, Sendable {
    /// Lower-case; an IPv6 address without its brackets.
    package let host: String
    /// 1...65,535; nil where none is written.
    package let port: Int?
    /// Whether the host is an IP address literal.
    package let isIPLiteral: Bool
    /// As it stands in a URL.
    package let text: String

    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`; nil for anything else, user info and wildcards included.
    package init?(_ text: String) {
        guard let (hostPart, portPart) = Self.split(text) else { return nil }
        if let portPart {
            guard let port = Self.port(portPart) else { return nil }
            self.port = port
        } else {
            port = nil
        }
        host = hostPart.lowercased()
        isIPLiteral = IPAddress(host) != nil
        let name = Self.bracketed(host)
        self.text = port.map { "\(name):\($0)" } ?? name
    }

    private static func split(_ text: String) -> (host: Substring, port: Substring?)? {
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            let host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            guard host.contains(":"), IPAddress(String(host)) != nil, rest.isEmpty || rest.hasPrefix(":") else { return nil }
            return (host, rest.isEmpty ? nil : rest.dropFirst())
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.first, !host.isEmpty, host.utf8.allSatisfy(Self.isHostByte) else { return nil }
        return (host, parts.count == 2 ? parts[1] : nil)
    }

    private static func port(_ text: Substring) -> Int? {
        guard text.utf8.count <= 5 else { return nil }
        return Int(outside: text, in: 1...65_535)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
