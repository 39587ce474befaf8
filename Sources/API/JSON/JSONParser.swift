/// One pass over a body, RFC 8259 to the letter. Recursion is bounded by `JSONDocument.depthLimit`.
struct JSONParser {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0
    /// The members of the outermost object, names without their quotes.
    private(set) var rootMembers: [(name: Range<Int>, value: JSONDocument.Value)] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws(JSONError) -> JSONDocument.Value {
        skipSpace()
        guard position < bytes.count else { throw .empty }
        let root = try value()
        skipSpace()
        guard position == bytes.count else { throw .unexpected(offset: position) }
        return root
    }

    private mutating func value() throws(JSONError) -> JSONDocument.Value {
        let start = position
        let kind: JSONDocument.Kind
        switch try peek() {
        case UInt8(ascii: "{"):
            kind = .object
            try object()
        case UInt8(ascii: "["):
            kind = .array
            try array()
        case UInt8(ascii: "\""):
            kind = .string
            try string()
        case UInt8(ascii: "t"):
            kind = .bool
            try word("true")
        case UInt8(ascii: "f"):
            kind = .bool
            try word("false")
        case UInt8(ascii: "n"):
            kind = .null
            try word("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            kind = .number
            try number()
        default: throw .unexpected(offset: position)
        }
        return JSONDocument.Value(kind: kind, range: start..<position)
    }

    private mutating func object() throws(JSONError) {
        try enter()
        if try closes(UInt8(ascii: "}")) { return }
        while true {
            skipSpace()
            let name = position
            guard try peek() == UInt8(ascii: "\"") else { throw .unexpected(offset: position) }
            try string()
            let nameEnd = position
            skipSpace()
            try take(UInt8(ascii: ":"))
            skipSpace()
            let value = try value()
            if depth == 1 { rootMembers.append((name + 1..<nameEnd - 1, value)) }
            if try !continues(until: UInt8(ascii: "}")) { return }
        }
    }

    private mutating func array() throws(JSONError) {
        try enter()
        if try closes(UInt8(ascii: "]")) { return }
        while true {
            skipSpace()
            _ = try value()
            if try !continues(until: UInt8(ascii: "]")) { return }
        }
    }

    private mutating func enter() throws(JSONError) {
        guard depth < JSONDocument.depthLimit else { throw .tooDeep(offset: position) }
        depth += 1
        position += 1
    }

    /// Whether the array or object that has just begun is empty.
    private mutating func closes(_ end: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard try peek() == end else { return false }
        position += 1
        depth -= 1
        return true
    }

    /// Whether another element follows.
    private mutating func continues(until end: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        let byte = try peek()
        guard byte == end || byte == UInt8(ascii: ",") else { throw .unexpected(offset: position) }
        position += 1
        guard byte == end else { return true }
        depth -= 1
        return false
    }

    private mutating func string() throws(JSONError) {
        position += 1
        while true {
            switch try peek() {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw .unexpected(offset: position)
            default: position += 1
            }
        }
    }

    private mutating func escape() throws(JSONError) {
        let start = position
        position += 1
        let letter = try peek()
        position += 1
        guard letter == UInt8(ascii: "u") else {
            guard #""\/bfnrt"#.utf8.contains(letter) else { throw .unexpected(offset: position - 1) }
            return
        }
        let unit = try codeUnit()
        guard (0xD800..<0xE000).contains(unit) else { return }
        guard unit < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
        else { throw .loneSurrogate(offset: start) }
        position += 2
        guard (0xDC00..<0xE000).contains(try codeUnit()) else { throw .loneSurrogate(offset: start) }
    }

    private mutating func codeUnit() throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Self.hexValue(try peek()) else { throw .unexpected(offset: position) }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    private mutating func number() throws(JSONError) {
        if try peek() == UInt8(ascii: "-") { position += 1 }
        if try peek() == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        guard position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") else { return }
        position += 1
        let sign = try peek()
        if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
        try digits()
    }

    private mutating func digits() throws(JSONError) {
        guard Self.isDigit(try peek()) else { throw .unexpected(offset: position) }
        while position < bytes.count, Self.isDigit(bytes[position]) { position += 1 }
    }

    private mutating func word(_ word: StaticString) throws(JSONError) {
        for byte in word.description.utf8 { try take(byte) }
    }

    private mutating func take(_ byte: UInt8) throws(JSONError) {
        guard try peek() == byte else { throw .unexpected(offset: position) }
        position += 1
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw .unfinished }
        return bytes[position]
    }

    private mutating func skipSpace() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
