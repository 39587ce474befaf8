/// A run's name: `run_` and 12 lower-case hex digits, from a cryptographic source (`JobIDSource`).
package struct JobID: Hashable, Sendable, CustomStringConvertible {
    /// The 48 bits behind the hex digits.
    package let bits: UInt64

    /// The length of an id's text in bytes.
    package static let textLength = 16

    /// - Parameter bits: only the lower 48 are used.
    package init(bits: UInt64) {
        self.bits = bits & 0xFFFF_FFFF_FFFF
    }

    /// Reads an id as it stands in a path; nil for anything that is not exactly `run_` and 12 lower-case hex digits.
    package init?(utf8 text: [UInt8]) {
        guard text.count == Self.textLength, text.prefix(4).elementsEqual("run_".utf8) else { return nil }
        var bits: UInt64 = 0
        for index in 4..<Self.textLength {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): bits = bits << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): bits = bits << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        self.bits = bits
    }

    package init?(_ text: String) {
        self.init(utf8: Array(text.utf8))
    }

    package var description: String {
        var text = [UInt8]()
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the id's text (16 bytes).
    package func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "run_".utf8)
        for shift in stride(from: 44, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: bits >> UInt64(shift)) & 0xF
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
