import Glibc

/// Why a scan ended early.
enum JSONFailure {
    /// Not JSON by RFC 8259, or nested too deep.
    case malformed
    /// A string holds bytes that are no UTF-8: to be repaired and scanned again.
    case notUTF8
}

/// One pass over JSON text that checks it by RFC 8259 and copies it token by token, spaced as on the wire (`", "` and `": "`).
///
/// Numbers, strings and escapes stay as they are written; only raw U+0085, U+2028 and U+2029 become escapes, because some clients split
/// lines there. Pointers and one struct with inlined methods, because this is the server's innermost loop: spans cost a quarter more here,
/// closures twenty times as much. The destination must have room for `capacity(for:)` bytes.
@safe struct JSONScanner {
    private var source: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>
    private let base: UnsafeMutablePointer<UInt8>
    private var out: UnsafeMutablePointer<UInt8>
    private(set) var failure: JSONFailure = .malformed
    /// Whether the last string held a backslash.
    private(set) var stringHasEscape = false

    /// Bytes that a text of `count` bytes can grow to: two bytes (U+0085) become six; strings are copied sixteen bytes at
    /// a time.
    static func capacity(for count: Int) -> Int { count * 3 + 32 }

    init(_ source: UnsafeBufferPointer<UInt8>, into destination: UnsafeMutablePointer<UInt8>) {
        let first = unsafe source.baseAddress ?? UnsafePointer(destination)
        unsafe self.source = first
        unsafe end = first + source.count
        unsafe base = destination
        unsafe out = destination
    }

    /// How many bytes were written.
    var position: Int { @inline(__always) get { unsafe out - base } }
    var isAtEnd: Bool { @inline(__always) get { unsafe source == end } }

    // MARK: Tokens

    /// The next byte that is no white space, without taking it; 0 at the end (no token begins with it).
    @inline(__always)
    mutating func peek() -> UInt8 {
        while unsafe source < end {
            let byte = unsafe source.pointee
            guard byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D else { return byte }
            unsafe source += 1
        }
        return 0
    }

    @inline(__always)
    mutating func emit(_ byte: UInt8) {
        unsafe out.pointee = byte
        unsafe out += 1
    }

    /// Copies the byte at hand.
    @inline(__always)
    mutating func take() {
        emit(unsafe source.pointee)
        unsafe source += 1
    }

    /// Takes `byte` if it is the next token, and writes it with a space behind it.
    @inline(__always)
    mutating func takeSeparator(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        take()
        emit(0x20)
        return true
    }

    /// One value of any kind, at most `depthLimit` arrays and objects deep.
    @inline(__always)
    mutating func value(depthLimit: Int) -> Bool {
        switch peek() {
        case UInt8(ascii: "\""): string()
        case UInt8(ascii: "{"), UInt8(ascii: "["): nested(depthLimit: depthLimit)
        default: scalar()
        }
    }

    /// A member's name and its colon.
    @inline(__always)
    mutating func key() -> Bool {
        peek() == UInt8(ascii: "\"") && string() && takeSeparator(UInt8(ascii: ":"))
    }

    // MARK: Arrays and objects

    /// An array or object with everything in it. `kinds` has a bit a level, set for objects.
    private mutating func nested(depthLimit: Int) -> Bool {
        var kinds: UInt64 = 0
        var depth = 0
        repeat {
            let byte = peek()
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                guard depth < depthLimit else { return false }
                depth += 1
                let isObject = byte == UInt8(ascii: "{")
                kinds = kinds << 1 | (isObject ? 1 : 0)
                take()
                guard peek() == byte + 2 else {  // `]` and `}` stand two behind their openers
                    guard !isObject || key() else { return false }
                    continue
                }
            } else {
                guard byte == UInt8(ascii: "\"") ? string() : scalar() else { return false }
            }
            guard endOfValue(&kinds, &depth) else { return false }
        } while depth > 0
        return true
    }

    /// What follows a value: any closers, then a comma (and a key) unless everything is closed.
    @inline(__always)
    private mutating func endOfValue(_ kinds: inout UInt64, _ depth: inout Int) -> Bool {
        while depth > 0 {
            let isObject = kinds & 1 == 1
            switch peek() {
            case UInt8(ascii: ","):
                take()
                emit(0x20)
                return !isObject || key()
            case isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"):
                take()
                kinds >>= 1
                depth -= 1
            default: return false
            }
        }
        return true
    }

    // MARK: Numbers and words

    private mutating func scalar() -> Bool {
        switch peek() {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): number()
        case UInt8(ascii: "t"): word("true")
        case UInt8(ascii: "f"): word("false")
        case UInt8(ascii: "n"): word("null")
        default: false
        }
    }

    private mutating func word(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard unsafe end - source >= count, unsafe memcmp(source, text.utf8Start, count) == 0 else { return false }
        for _ in 0..<count { take() }
        return true
    }

    @inline(__always)
    private mutating func digits() -> Bool {
        let first = unsafe source
        while unsafe source < end, unsafe source.pointee &- UInt8(ascii: "0") < 10 { take() }
        return unsafe source > first
    }

    @inline(__always)
    private func isNext(_ byte: UInt8) -> Bool {
        unsafe source < end && source.pointee == byte
    }

    private mutating func number() -> Bool {
        if isNext(UInt8(ascii: "-")) { take() }
        if isNext(UInt8(ascii: "0")) {
            take()
        } else {
            guard digits() else { return false }
        }
        if isNext(UInt8(ascii: ".")) {
            take()
            guard digits() else { return false }
        }
        if isNext(UInt8(ascii: "e")) || isNext(UInt8(ascii: "E")) {
            take()
            if isNext(UInt8(ascii: "+")) || isNext(UInt8(ascii: "-")) { take() }
            guard digits() else { return false }
        }
        return true
    }

    // MARK: Strings

    /// A string with its quotes, the first of which is at hand.
    private mutating func string() -> Bool {
        stringHasEscape = false
        take()
        while true {
            copyPlainBytes()
            guard unsafe source < end else { return false }
            switch unsafe source.pointee {
            case UInt8(ascii: "\""):
                take()
                return true
            case UInt8(ascii: "\\"): guard escape() else { return false }
            case 0..<0x20: return false
            case 0x20..<0x80: take()
            default: guard multibyte() else { return false }
            }
        }
    }

    /// Copies sixteen, then eight bytes at a time up to the first that is special, or up to the last seven.
    @inline(__always)
    private mutating func copyPlainBytes() {
        while unsafe end - source >= 16 {
            let first = unsafe UnsafeRawPointer(source).loadUnaligned(as: UInt64.self)
            let second = unsafe UnsafeRawPointer(source).loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            unsafe UnsafeMutableRawPointer(out).storeBytes(of: first, as: UInt64.self)
            unsafe UnsafeMutableRawPointer(out).storeBytes(of: second, toByteOffset: 8, as: UInt64.self)
            guard ByteSearch.specialInString(first) | ByteSearch.specialInString(second) == 0 else { break }
            unsafe source += 16
            unsafe out += 16
        }
        while unsafe end - source >= 8 {
            let word = unsafe UnsafeRawPointer(source).loadUnaligned(as: UInt64.self)
            unsafe UnsafeMutableRawPointer(out).storeBytes(of: word, as: UInt64.self)
            let special = ByteSearch.specialInString(word)
            guard special == 0 else {
                unsafe source += special.trailingZeroBitCount >> 3
                unsafe out += special.trailingZeroBitCount >> 3
                return
            }
            unsafe source += 8
            unsafe out += 8
        }
    }

    private mutating func escape() -> Bool {
        stringHasEscape = true
        guard unsafe end - source >= 2 else { return false }
        take()
        switch unsafe source.pointee {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            take()
            return true
        case UInt8(ascii: "u"):
            guard unsafe end - source >= 5 else { return false }
            take()
            for _ in 0..<4 {
                guard unsafe Self.isHexDigit(source.pointee) else { return false }
                take()
            }
            return true
        default: return false
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 6
    }

    /// One character beyond ASCII.
    private mutating func multibyte() -> Bool {
        let length = unsafe UTF8Check.length(source, end)
        guard length > 0 else {
            failure = .notUTF8
            return false
        }
        if let escape = unsafe UTF8Check.lineBreakEscape(source, length) {
            unsafe memcpy(out, escape.utf8Start, 6)
            unsafe out += 6
            unsafe source += length
        } else {
            for _ in 0..<length { take() }
        }
        return true
    }
}
