import Glibc

/// Walks the members of an object that `JSONScanner` wrote: valid, with `", "` and `": "`. Offsets count from `base`.
@safe struct MemberWalker {
    private let base: UnsafePointer<UInt8>
    private var offset: Int
    private let end: Int

    /// One member; the name's range leaves its quotes out.
    struct Member {
        let name: Range<Int>
        let value: Range<Int>
        /// Name, colon and value.
        var whole: Range<Int> { name.lowerBound - 1..<value.upperBound }
    }

    /// - Parameters:
    ///   - base: where offsets count from.
    ///   - object: where the object stands, braces included.
    init(_ base: UnsafePointer<UInt8>, object: Range<Int>) {
        unsafe self.base = base
        offset = object.lowerBound + 1
        end = object.upperBound - 1
    }

    mutating func next() -> Member? {
        guard offset < end else { return nil }
        let nameStart = offset + 1
        skipString()
        let name = nameStart..<offset - 1
        offset += 2
        let valueStart = offset
        skipValue()
        let value = valueStart..<offset
        offset += 2
        return Member(name: name, value: value)
    }

    private mutating func skipValue() {
        var depth = 0
        repeat {
            switch unsafe base[offset] {
            case UInt8(ascii: "\""):
                skipString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { return }
                depth -= 1
            case UInt8(ascii: ","): guard depth > 0 else { return }
            default: break
            }
            offset += 1
        } while unsafe offset < end && (depth > 0 || base[offset] != UInt8(ascii: ","))
    }

    /// Goes behind the string that begins here.
    private mutating func skipString() {
        offset += 1
        while true {
            while offset + 8 <= end {
                let word = unsafe UnsafeRawPointer(base + offset).loadUnaligned(as: UInt64.self)
                let special = ByteSearch.quoteOrBackslash(word)
                guard special == 0 else {
                    offset += special.trailingZeroBitCount >> 3
                    break
                }
                offset += 8
            }
            let byte = unsafe base[offset]
            offset += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return }
        }
    }
}

/// Bytes of a JSON string's inside, compared with a word.
enum JSONName {
    /// Whether a string with the bytes `[first, first + count)` between its quotes means `word`, whatever its escapes.
    @inline(__always)
    static func matches(_ first: UnsafePointer<UInt8>, _ count: Int, _ word: StaticString) -> Bool {
        if count == word.utf8CodeUnitCount { return unsafe memcmp(first, word.utf8Start, count) == 0 }
        // An escape that stands for a letter is five bytes longer than the letter.
        guard count > word.utf8CodeUnitCount, (count - word.utf8CodeUnitCount) % 5 == 0 else { return false }
        return unsafe matchesEscaped(first, count, word)
    }

    private static func matchesEscaped(_ first: UnsafePointer<UInt8>, _ count: Int, _ word: StaticString) -> Bool {
        guard count <= word.utf8CodeUnitCount * 6, unsafe memchr(first, 0x5C, count) != nil,
            let plain = unsafe ascii(UnsafeBufferPointer(start: first, count: count))
        else {
            return false
        }
        return unsafe plain.count == word.utf8CodeUnitCount && memcmp(plain, word.utf8Start, plain.count) == 0
    }

    /// The string's inside without escapes; nil where it holds anything that is not printable ASCII.
    static func ascii(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var plain: [UInt8] = []
        var index = 0
        while index < bytes.count {
            var byte = unsafe bytes[index]
            index += 1
            if byte == UInt8(ascii: "\\") {
                guard index + 5 <= bytes.count, unsafe bytes[index] == UInt8(ascii: "u") else { return nil }
                let digits = unsafe String(decoding: bytes[index + 1..<index + 5], as: UTF8.self)
                // number: the scanner has checked that these are four hex digits
                guard let unit = UInt16(digits, radix: 16), unit < 0x7F else { return nil }
                byte = UInt8(unit)
                index += 5
            }
            guard byte >= 0x20, byte < 0x7F else { return nil }
            plain.append(byte)
        }
        return plain
    }
}
