import Support

/// A request's body, checked strictly and kept as the client wrote it: values are places in its bytes, so that numbers and strings reach
/// a runner token for token.
///
/// Foundation's decoders neither keep tokens nor notice lone surrogates or depth.
package struct JSONDocument: Sendable {
    /// How deep arrays and objects may be nested.
    package static let depthLimit = 64

    /// A value: what it is and where it stands.
    package struct Value: Sendable, Equatable {
        /// What it is.
        package let kind: Kind
        /// Its bytes, quotes and brackets included.
        package let range: Range<Int>
    }

    /// The kinds of JSON value.
    package enum Kind: Sendable, Equatable {
        case null
        case bool
        case number
        case string
        case array
        case object
    }

    /// The body as it came.
    package let bytes: [UInt8]
    /// The outermost value.
    package let root: Value
    /// The root object's members with their decoded names, in their order. Empty when the root is no object. A list: the dozen look-ups of
    /// a submission cost less than hashing its names.
    private let members: [(name: String, value: Value)]

    /// - Throws: when the body is not one JSON value in UTF-8, is nested too deep, or has a lone surrogate.
    package init(_ bytes: [UInt8]) throws(JSONError) {
        self.bytes = bytes
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .notUTF8 }
        var parser = JSONParser(bytes)
        root = try parser.document()
        members = parser.rootMembers.map { (Self.decode(bytes[$0.name]), $0.value) }
    }

    /// The root object's member, of several with one name the last; nil when absent or null, which is the same.
    package subscript(_ name: String) -> Value? {
        for member in members.reversed() where member.name == name { return member.value.kind == .null ? nil : member.value }
        return nil
    }

    /// A string value's text.
    package func text(_ value: Value) -> String {
        Self.decode(bytes[(value.range.lowerBound + 1)..<(value.range.upperBound - 1)])
    }

    /// A value as JSON with every token as the client wrote it, `", "` and `": "` between them.
    package func respaced(_ value: Value) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(value.range.count + value.range.count / 8)
        var inString = false
        var isEscaped = false
        for byte in bytes[value.range] {
            if inString {
                out.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: continue
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                out.append(byte)
                out.append(0x20)
            default:
                out.append(byte)
                inString = byte == UInt8(ascii: "\"")
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// A number value as an integer. `60`, `60.0` and `6e1` are the same number. Nil for other values, and if it is too large.
    package func integer(_ value: Value) -> Int? {
        guard value.kind == .number else { return nil }
        let token = String(decoding: bytes[value.range], as: UTF8.self)
        if let integer = Int(outside: token, in: .min ... .max) { return integer }
        // Beyond 2^53 a `Double` no longer tells neighbours apart.
        return Double(outside: token, in: -0x1p53...0x1p53).flatMap { Int(outside: $0, in: -(1 << 53) + 1...(1 << 53) - 1) }
    }

    /// Undoes a string's escapes, all of which the parser has checked.
    private static func decode(_ string: ArraySlice<UInt8>) -> String {
        guard string.contains(UInt8(ascii: "\\")) else { return String(decoding: string, as: UTF8.self) }
        var text = String.UnicodeScalarView()
        var rest = string
        while let slash = rest.firstIndex(of: UInt8(ascii: "\\")) {
            text.append(contentsOf: String(decoding: rest[..<slash], as: UTF8.self).unicodeScalars)
            var next = slash + 2
            switch rest[slash + 1] {
            case UInt8(ascii: "b"): text.append("\u{8}")
            case UInt8(ascii: "f"): text.append("\u{C}")
            case UInt8(ascii: "n"): text.append("\n")
            case UInt8(ascii: "r"): text.append("\r")
            case UInt8(ascii: "t"): text.append("\t")
            case UInt8(ascii: "u"):
                var unit = hex(rest[next..<(next + 4)])
                next += 4
                if (0xD800..<0xDC00).contains(unit) {
                    unit = 0x10000 + (unit - 0xD800) << 10 + (hex(rest[(next + 2)..<(next + 6)]) - 0xDC00)
                    next += 6
                }
                text.append(Unicode.Scalar(unit) ?? "\u{FFFD}")
            case let character: text.append(Unicode.Scalar(character))
            }
            rest = rest[next...]
        }
        text.append(contentsOf: String(decoding: rest, as: UTF8.self).unicodeScalars)
        return String(text)
    }

    private static func hex(_ digits: ArraySlice<UInt8>) -> UInt32 {
        digits.reduce(0) { $0 << 4 | UInt32(JSONParser.hexValue($1) ?? 0) }
    }
}

/// Why a body is no JSON that the server takes. Offsets are in bytes from the body's start.
package enum JSONError: Error, Equatable {
    case empty
    case notUTF8
    case unexpected(offset: Int)
    case unfinished
    case tooDeep(offset: Int)
    case loneSurrogate(offset: Int)
}
