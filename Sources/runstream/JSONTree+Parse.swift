extension JSONTree {
    /// Deeper texts are refused, so that no input exhausts the stack. The server's own bound is 64.
    package static let depthLimit = 512

    /// Takes a whole text apart.
    ///
    /// - Returns: nil for what is no JSON.
    package init?(_ text: String) {
        var reader = JSONReader(text)
        guard let tree = reader.readText() else { return nil }
        self = tree
    }

    /// The same for bytes, which have to be UTF-8.
    package init?(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        self.init(text)
    }
}

/// One pass over the UTF-8 of a text.
private struct JSONReader {
    private let text: String
    private let end: String.UTF8View.Index
    private var position: String.UTF8View.Index

    init(_ text: String) {
        var text = text
        text.makeContiguousUTF8()
        self.text = text
        position = text.utf8.startIndex
        end = text.utf8.endIndex
    }

    mutating func readText() -> JSONTree? {
        skipSpace()
        guard let tree = readValue(depth: 0) else { return nil }
        skipSpace()
        return position == end ? tree : nil
    }

    private var byte: UInt8? { position < end ? text.utf8[position] : nil }

    private mutating func advance() { position = text.utf8.index(after: position) }

    private mutating func skipSpace() {
        while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { advance() }
    }

    private mutating func take(_ wanted: UInt8) -> Bool {
        guard byte == wanted else { return false }
        advance()
        return true
    }

    private mutating func readValue(depth: Int) -> JSONTree? {
        guard depth < JSONTree.depthLimit, let byte else { return nil }
        switch byte {
        case 0x7B: return readObject(depth)
        case 0x5B: return readArray(depth)
        case 0x22: return readString().map { .string($0) }
        case 0x2D, 0x30...0x39: return readNumber().map { .number($0) }
        default: return readLiteral().map { .literal($0) }
        }
    }

    private mutating func readObject(_ depth: Int) -> JSONTree? {
        advance()
        skipSpace()
        var members: [JSONTree.Member] = []
        if take(0x7D) { return .object([]) }
        while true {
            skipSpace()
            guard byte == 0x22, let token = readString() else { return nil }
            skipSpace()
            guard take(0x3A) else { return nil }
            skipSpace()
            guard let value = readValue(depth: depth + 1) else { return nil }
            members.append(JSONTree.Member(name: JSONTree.unescape(token), token: token, value: value))
            skipSpace()
            if take(0x7D) { return .object(members) }
            guard take(0x2C) else { return nil }
        }
    }

    private mutating func readArray(_ depth: Int) -> JSONTree? {
        advance()
        skipSpace()
        var elements: [JSONTree] = []
        if take(0x5D) { return .array([]) }
        while true {
            skipSpace()
            guard let value = readValue(depth: depth + 1) else { return nil }
            elements.append(value)
            skipSpace()
            if take(0x5D) { return .array(elements) }
            guard take(0x2C) else { return nil }
        }
    }

    private mutating func readString() -> Substring? {
        advance()
        let start = position
        while let byte {
            switch byte {
            case 0x22:
                defer { advance() }
                return text[start..<position]
            case 0x5C:
                advance()
                guard readEscape() else { return nil }
            case 0..<0x20: return nil
            default: advance()
            }
        }
        return nil
    }

    private mutating func readEscape() -> Bool {
        guard let byte else { return false }
        advance()
        guard byte == 0x75 else { return #""\/bfnrt"#.utf8.contains(byte) }
        for _ in 0..<4 {
            guard let digit = self.byte, Unicode.Scalar(digit).properties.isASCIIHexDigit else { return false }
            advance()
        }
        return true
    }

    private mutating func readDigits() -> Bool {
        guard let byte, (0x30...0x39).contains(byte) else { return false }
        while let digit = self.byte, (0x30...0x39).contains(digit) { advance() }
        return true
    }

    private mutating func readNumber() -> Substring? {
        let start = position
        _ = take(0x2D)
        if !take(0x30) { guard readDigits() else { return nil } }
        if take(0x2E) { guard readDigits() else { return nil } }
        if take(0x65) || take(0x45) {
            if !take(0x2B) { _ = take(0x2D) }
            guard readDigits() else { return nil }
        }
        return text[start..<position]
    }

    private mutating func readLiteral() -> Substring? {
        for literal in ["true", "false", "null"] where text.utf8[position...].starts(with: literal.utf8) {
            let start = position
            position = text.utf8.index(position, offsetBy: literal.utf8.count)
            return text[start..<position]
        }
        return nil
    }
}
