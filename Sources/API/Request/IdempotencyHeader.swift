/// The `Idempotency-Key` header: a quoted string (RFC 8941) or bare text.
///
/// Its bytes are the key, as they are: node's fetch and Python's requests send `müller` in latin-1, which isn't UTF-8. Decoded,
/// `müller` and `möller` would be the same key, and the second caller would get the first one's run.
package enum IdempotencyHeader {
    /// - Parameter header: the header's bytes; nil when absent.
    /// - Returns: the key; nil when there is none, or an empty one.
    /// - Throws: when a quoted string is not closed, or has control characters or escapes that RFC 8941 does not know.
    package static func key(_ header: [UInt8]?) throws(Malformed) -> [UInt8]? {
        guard let text = header.map(trimmed), !text.isEmpty else { return nil }
        guard text.first == UInt8(ascii: "\"") else { return Array(text) }
        var key: [UInt8] = []
        var isEscaped = false
        var rest = text.dropFirst()
        while let byte = rest.popFirst() {
            switch (byte, isEscaped) {
            case (UInt8(ascii: "\\"), true), (UInt8(ascii: "\""), true):
                key.append(byte)
                isEscaped = false
            case (_, true): throw Malformed()
            case (UInt8(ascii: "\\"), false): isEscaped = true
            case (UInt8(ascii: "\""), false):
                // Parameters may follow; none is defined.
                guard rest.first(where: { $0 != UInt8(ascii: " ") }) ?? UInt8(ascii: ";") == UInt8(ascii: ";") else { throw Malformed() }
                return key.isEmpty ? nil : key
            // RFC 8941 knows ASCII alone; callers who quote a key put other characters in it all the same.
            case (0x20...0x7E, false), (0x80...0xFF, false): key.append(byte)
            default: throw Malformed()
            }
        }
        throw Malformed()
    }

    private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        var rest = bytes[...]
        while let last = rest.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return rest.drop { $0 == 0x20 || $0 == 0x09 }
    }

    /// The header begins with a quote but isn't a string of RFC 8941.
    package struct Malformed: Error, Equatable {}
}
