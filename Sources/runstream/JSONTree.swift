import Support

/// A JSON text taken apart without touching its tokens: a number is shown as its author wrote it, members stay in their order.
///
/// Foundation's parser would turn `1.10` into `1.1` and 20-digit integers into something else.
package indirect enum JSONTree: Sendable, Equatable {
    case object([Member])
    case array([JSONTree])
    /// The token between its quotes, escapes included.
    case string(Substring)
    case number(Substring)
    /// `true`, `false` or `null`.
    case literal(Substring)

    package struct Member: Sendable, Equatable {
        /// Without its escapes.
        package let name: String
        /// As written, without the quotes.
        package let token: Substring
        package let value: JSONTree
    }

    /// The member of an object; nil for other values, missing members and null.
    package subscript(name: String) -> JSONTree? {
        guard case .object(let members) = self, let value = members.last(where: { $0.name == name })?.value else { return nil }
        return value == .literal("null") ? nil : value
    }

    /// The text of a string, without its escapes.
    package var text: String? {
        guard case .string(let token) = self else { return nil }
        return Self.unescape(token)
    }

    /// The value of a number; nil for one that a `Double` cannot hold.
    package var number: Double? {
        guard case .number(let token) = self else { return nil }
        return Double(outside: token, in: -.greatestFiniteMagnitude ... .greatestFiniteMagnitude)
    }

    /// The value of a whole number.
    package var integer: Int? {
        guard case .number(let token) = self else { return nil }
        return Int(outside: token, in: .min ... .max) ?? number.flatMap { Int(outside: $0, in: .min ... .max) }
    }

    package var elements: [JSONTree]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The text of a token between quotes; a lone surrogate becomes U+FFFD.
    static func unescape(_ token: Substring) -> String {
        guard token.utf8.contains(0x5C) else { return String(token) }
        var units: [UInt16] = []
        var rest = token.utf16[...]
        while let unit = rest.popFirst() {
            guard unit == 0x5C, let escape = rest.popFirst() else {
                units.append(unit)
                continue
            }
            switch escape {
            case 0x75:
                // number: the reader has checked that these are four hex digits
                units.append(UInt16(rest.prefix(4).compactMap { Unicode.Scalar($0) }.map(String.init).joined(), radix: 16) ?? 0xFFFD)
                rest = rest.dropFirst(4)
            case 0x6E: units.append(0x0A)
            case 0x74: units.append(0x09)
            case 0x72: units.append(0x0D)
            case 0x62: units.append(0x08)
            case 0x66: units.append(0x0C)
            default: units.append(escape)
            }
        }
        return String(decoding: units, as: UTF16.self)
    }
}
