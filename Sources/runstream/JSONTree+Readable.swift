extension JSONTree {
    /// The same value with characters in place of their `\\uXXXX` escapes, for people to read.
    ///
    /// What a terminal would obey stays escaped, and so do ASCII characters and lone surrogates.
    package var readable: JSONTree {
        switch self {
        case .string(let token): .string(Self.readable(token))
        case .number, .literal: self
        case .array(let elements): .array(elements.map(\.readable))
        case .object(let members): .object(members.map { Member(name: $0.name, token: Self.readable($0.token), value: $0.value.readable) })
        }
    }

    /// A string's token. Only whole escapes are looked at: in `\\\\u4f60` the first backslash escapes the second.
    private static func readable(_ token: Substring) -> Substring {
        guard token.contains("\\u") else { return token }
        var out = String.UnicodeScalarView()
        var rest = token.unicodeScalars[...]
        while let scalar = rest.first {
            guard scalar == "\\" else {
                out.append(scalar)
                rest = rest.dropFirst()
                continue
            }
            let single = rest.prefix(6)
            let pair = rest.prefix(12)
            if let shown = character(pair), pair.count == 12 {
                out.append(shown)
                rest = rest.dropFirst(12)
            } else if let shown = character(single) {
                out.append(shown)
                rest = rest.dropFirst(6)
            } else {
                out.append(contentsOf: rest.prefix(2))
                rest = rest.dropFirst(2)
            }
        }
        return Substring(String(out))
    }

    /// The one character that these escapes stand for, if it may be shown as it is.
    private static func character(_ escapes: Substring.UnicodeScalarView) -> Unicode.Scalar? {
        guard escapes.dropFirst().first == "u" else { return nil }
        let text = Self.unescape(Substring(escapes))
        guard text.unicodeScalars.count == 1, let scalar = text.unicodeScalars.first else { return nil }
        return scalar.value >= 0xA0 && scalar != "\u{FFFD}" && !TerminalText.isActive(scalar) ? scalar : nil
    }
}
