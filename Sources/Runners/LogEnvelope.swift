import Glibc
import Jobs

/// `log` events that the server makes of plain text.
enum LogEnvelope {
    /// Where a text comes from, and so what stands behind its message.
    enum Origin {
        case plain, stderr, warning, stderrWarning, frame, stderrFrame

        fileprivate var tail: StaticString {
            switch self {
            case .plain: "\"}}"
            case .stderr: "\", \"stream\": \"stderr\"}}"
            case .warning: "\", \"level\": \"warning\"}}"
            case .frame: "\", \"transient\": true}}"
            case .stderrFrame: "\", \"stream\": \"stderr\", \"transient\": true}}"
            case .stderrWarning: "\", \"stream\": \"stderr\", \"level\": \"warning\"}}"
            }
        }
    }

    /// Appends a `log` with `text` as its message; what is no UTF-8 in it becomes U+FFFD.
    static func append(_ text: UnsafeBufferPointer<UInt8>, _ origin: Origin, to batch: inout EventBatch) {
        batch.bytes.append("{\"event\": \"log\", \"data\": {\"message\": \"")
        let start = batch.bytes.count
        if unsafe !JSONText.appendEscaped(text, to: &batch.bytes) {
            batch.bytes.removeLast(batch.bytes.count - start)
            let repaired = unsafe UTF8Check.repaired(text)
            _ = unsafe repaired.withUnsafeBufferPointer { unsafe JSONText.appendEscaped($0, to: &batch.bytes) }
        }
        batch.bytes.append(origin.tail)
        batch.endEnvelope()
    }

    static func append(_ text: String, _ origin: Origin, to batch: inout EventBatch) {
        var text = text
        text.withUTF8 { unsafe append($0, origin, to: &batch) }
    }
}

/// Text as the inside of a JSON string.
enum JSONText {
    /// Appends `text` with what JSON demands escaped, and U+0085, U+2028 and U+2029.
    ///
    /// - Returns: false when the text is no UTF-8; what was appended then is of no use.
    static func appendEscaped(_ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) -> Bool {
        guard let base = text.baseAddress else { return true }
        var position = unsafe base
        let end = unsafe base + text.count
        var copied = unsafe base
        func flush(_ output: inout [UInt8]) {
            unsafe output.append(contentsOf: UnsafeBufferPointer(start: copied, count: position - copied))
        }
        while unsafe position < end {
            unsafe position = skipPlain(position, end)
            guard unsafe position < end else { break }
            let byte = unsafe position.pointee
            if byte >= 0x80 {
                let length = unsafe UTF8Check.length(position, end)
                guard length > 0 else { return false }
                if let escape = unsafe UTF8Check.lineBreakEscape(position, length) {
                    flush(&output)
                    output.append(escape)
                    unsafe copied = position + length
                }
                unsafe position += length
            } else {
                if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    flush(&output)
                    appendEscape(byte, to: &output)
                    unsafe copied = position + 1
                }
                unsafe position += 1
            }
        }
        flush(&output)
        return true
    }

    /// Goes on to the first byte that may be special, or to the last seven.
    @inline(__always)
    private static func skipPlain(_ first: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
        var position = unsafe first
        while unsafe end - position >= 8 {
            let special = unsafe ByteSearch.specialInString(UnsafeRawPointer(position).loadUnaligned(as: UInt64.self))
            guard special == 0 else { return unsafe position + special.trailingZeroBitCount >> 3 }
            unsafe position += 8
        }
        return unsafe position
    }

    /// `text` as a JSON string; what is no UTF-8 in it becomes U+FFFD.
    static func string(_ text: [UInt8]) -> [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(text.count + text.count / 16 + 2)
        json.append(UInt8(ascii: "\""))
        if unsafe !text.withUnsafeBufferPointer({ unsafe appendEscaped($0, to: &json) }) {
            json.removeLast(json.count - 1)
            let repaired = unsafe text.withUnsafeBufferPointer { unsafe UTF8Check.repaired($0) }
            _ = unsafe repaired.withUnsafeBufferPointer { unsafe appendEscaped($0, to: &json) }
        }
        json.append(UInt8(ascii: "\""))
        return json
    }

    private static func appendEscape(_ byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""): output.append("\\\"")
        case UInt8(ascii: "\\"): output.append("\\\\")
        case 0x08: output.append("\\b")
        case 0x09: output.append("\\t")
        case 0x0A: output.append("\\n")
        case 0x0C: output.append("\\f")
        case 0x0D: output.append("\\r")
        default:
            output.append("\\u00")
            output.append(byte >> 4 + UInt8(ascii: "0"))
            let low = byte & 0xF
            output.append(low < 10 ? low + UInt8(ascii: "0") : low - 10 + UInt8(ascii: "a"))
        }
    }
}
