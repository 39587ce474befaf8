/// Tests eight bytes at once. In each answer the lowest bit that is set belongs to the first byte that was looked for; higher ones may be
/// false.
enum ByteSearch {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// What ends a plain run in a JSON string: a quote, a backslash, a control character, anything beyond ASCII.
    ///
    /// Each subtraction sets the top bit of a byte that is looked for; of others only where the byte itself has it, which counts anyway.
    @inline(__always)
    static func specialInString(_ word: UInt64) -> UInt64 {
        ((word &- ones &* 0x20) | ((word ^ ones &* 0x22) &- ones) | ((word ^ ones &* 0x5C) &- ones) | word) & tops
    }

    /// A quote or a backslash.
    @inline(__always)
    static func quoteOrBackslash(_ word: UInt64) -> UInt64 {
        (((word ^ ones &* 0x22) &- ones) | ((word ^ ones &* 0x5C) &- ones)) & ~word & tops
    }
}

/// One character of UTF-8.
enum UTF8Check {
    /// The length of the character beyond ASCII that begins at `first`, 0 if it is none (Unicode, table 3-7: neither overlong, nor a
    /// surrogate, nor beyond U+10FFFF).
    @inline(__always)
    static func length(_ first: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
        let lead = unsafe first.pointee
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if lead == 0xE0 { second = 0xA0...0xBF }
            if lead == 0xED { second = 0x80...0x9F }
        case 0xF0...0xF4:
            length = 4
            if lead == 0xF0 { second = 0x90...0xBF }
            if lead == 0xF4 { second = 0x80...0x8F }
        default: return 0
        }
        guard unsafe end - first >= length, unsafe second.contains(first[1]) else { return 0 }
        for index in 2..<max(length, 2) {
            guard unsafe first[index] & 0xC0 == 0x80 else { return 0 }
        }
        return length
    }

    /// The escape that U+0085, U+2028 and U+2029 are written as; nil for other characters.
    @inline(__always)
    static func lineBreakEscape(_ first: UnsafePointer<UInt8>, _ length: Int) -> StaticString? {
        if length == 2, unsafe first[0] == 0xC2 && first[1] == 0x85 { return "\\u0085" }
        guard length == 3, unsafe first[0] == 0xE2 && first[1] == 0x80 else { return nil }
        switch unsafe first[2] {
        case 0xA8: return "\\u2028"
        case 0xA9: return "\\u2029"
        default: return nil
        }
    }

    /// The text with every byte that is no UTF-8 as U+FFFD.
    static func repaired(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        unsafe Array(String(decoding: bytes, as: UTF8.self).utf8)
    }
}
