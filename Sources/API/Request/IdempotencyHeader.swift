/// The `Idempotency-Key` header: a quoted string (RFC 8941) or bare text.
package enum IdempotencyHeader {
    /// - Returns: the key; nil when there is none, an empty one included.
    /// - Throws: when a quoted string is not closed, or has characters or escapes that RFC 8941 does not know.
    package static func key(_ header: String?) throws(Malformed) -> String? {
        guard let text = header.map({ $0[...].trimmingSpaces }), !text.isEmpty else { return nil }
        guard text.hasPrefix("\"") else { return text }
        var key: [UInt8] = []
        var isEscaped = false
        var rest = text.utf8.dropFirst()
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
                return key.isEmpty ? nil : String(decoding: key, as: UTF8.self)
            case (0x20...0x7E, false): key.append(byte)
            default: throw Malformed()
            }
        }
        throw Malformed()
    }

    /// The header begins with a quote and is no string of RFC 8941.
    package struct Malformed: Error, Equatable {}
}
