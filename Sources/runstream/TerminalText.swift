/// Text of unknown origin on its way to a terminal: made harmless, measured and cut. Pure.
package enum TerminalText {
    /// Shows what a terminal would obey instead of print: control characters, and those that turn the direction of writing.
    ///
    /// A tab stays; newlines are escaped like the rest, so split lines first.
    package static func escape(_ text: some StringProtocol) -> String {
        guard text.unicodeScalars.contains(where: isActive) else { return String(text) }
        var out = ""
        for scalar in text.unicodeScalars {
            if isActive(scalar) { out += escaped(scalar) } else { out.unicodeScalars.append(scalar) }
        }
        return out
    }

    /// The same for JSON, which it remains: its own escapes are used, and its newlines stay.
    package static func escapeJSON(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isActive($0) && $0 != "\n" }) else { return text }
        return text.unicodeScalars.map { scalar in
            guard isActive(scalar), scalar != "\n" else { return String(scalar) }
            let hex = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }.joined()
    }

    /// Each line escaped. A newline at the end makes no further line.
    package static func lines(_ text: String) -> [String] {
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            escape(String(line.last == "\r" ? line.dropLast() : line))
        }
        if lines.count > 1, lines.last == "" { lines.removeLast() }
        return lines
    }

    /// The columns that a text takes.
    package static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    /// The longest beginning that fits, with `ellipsis` where something is left off.
    package static func cut(_ text: String, to columns: Int, ellipsis: String) -> String {
        guard width(text) > columns else { return text }
        let room = columns - width(ellipsis)
        guard room > 0 else { return "" }
        var used = 0
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            used += width(scalar)
            if used > room { break }
            out.append(scalar)
        }
        return String(out) + ellipsis
    }

    /// The text, and spaces up to the width.
    package static func pad(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - width(text)))
    }

    static func isActive(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09: false
        case 0..<0x20, 0x7F..<0xA0: true
        case 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        default:
            let digits = scalar.value > 0xFF ? 4 : 2
            let hex = String(scalar.value, radix: 16)
            return (digits == 4 ? "\\u" : "\\x") + String(repeating: "0", count: digits - hex.count) + hex
        }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch scalar.value {
        // The wide blocks of UAX 11: Hangul, CJK, kana, full-width forms; then what is drawn as an emoji.
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default: return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }
}
