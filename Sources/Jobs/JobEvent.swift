/// The server's own events, as envelopes in the wire's spelling, and the JSON text that they are made of.
package enum JobEvent {
    package static func progress(_ progress: JobProgress) -> [UInt8] {
        var json = JSONText(capacity: 128)
        json.raw(#"{"event": "progress", "data": {"percentage": "#)
        json.raw(progress.percentage)
        json.member(#", "current_step": "#, progress.currentStep)
        json.member(#", "steps_completed": "#, progress.stepsCompleted)
        json.member(#", "steps_total": "#, progress.stepsTotal)
        json.raw("}}")
        return json.bytes
    }

    static func retry(attempt: Int, of maxAttempts: Int, reason: String, error: String, nextAt: Timestamp) -> [UInt8] {
        var json = JSONText()
        json.raw("{\"event\": \"retry\", \"data\": {\"attempt\": \(attempt), \"max_attempts\": \(maxAttempts), ")
        json.raw("\"reason\": \"\(reason)\", \"error\": ")
        json.string(error)
        json.raw(", \"next_at\": \"\(nextAt.iso8601)\"}}")
        return json.bytes
    }

    static func complete(_ status: JobStatus, id: JobID, error: String?) -> [UInt8] {
        var json = JSONText()
        json.raw("{\"event\": \"complete\", \"data\": {\"status\": \"\(status.name)\", \"job_id\": \"\(id)\"")
        if let error {
            json.raw(", \"error\": ")
            json.string(error)
        }
        json.raw("}}")
        return json.bytes
    }
}

/// JSON being written.
package struct JSONText {
    package private(set) var bytes: [UInt8] = []

    /// - Parameter capacity: about how many bytes it will be, so that they are not moved while it grows.
    package init(capacity: Int = 0) {
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    /// Appends text that is JSON already.
    package mutating func raw(_ text: String) {
        // Not `text.utf8`: that is appended through an iterator's interface.
        var text = text
        text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
    }

    /// Appends bytes that are JSON already.
    package mutating func raw(_ json: [UInt8]) {
        bytes.append(contentsOf: json)
    }

    /// Appends a member with what stands before its value; nothing where there is no value.
    fileprivate mutating func member(_ prefix: String, _ token: String?) {
        guard let token else { return }
        raw(prefix)
        raw(token)
    }

    /// Appends a whole number.
    package mutating func number(_ value: Int) {
        guard (0...9).contains(value) else { return raw(String(value)) }
        bytes.append(UInt8(ascii: "0") + UInt8(value))
    }

    /// Appends a run's id, without quotes.
    package mutating func id(_ id: JobID) {
        id.append(to: &bytes)
    }

    /// Appends a moment in quotes, or `null`.
    package mutating func time(_ time: Timestamp?) {
        guard let time else { return raw("null") }
        bytes.append(UInt8(ascii: "\""))
        time.append(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends a string in quotes, or `null`.
    package mutating func optional(_ text: String?) {
        if let text { string(text) } else { raw("null") }
    }

    /// Appends a string in quotes. Besides what JSON demands, U+0085, U+2028 and U+2029 are escaped: some clients split lines at them.
    package mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var plain = text
        let isPlain = plain.withUTF8 { utf8 in
            for index in 0..<utf8.count where unsafe !Self.isPlain(utf8[index]) { return false }
            unsafe bytes.append(contentsOf: utf8)
            return true
        }
        if !isPlain { escape(text) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether a byte stands for itself in a string: what most strings are made of.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func escape(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": bytes.append(contentsOf: "\\\"".utf8)
            case "\\": bytes.append(contentsOf: "\\\\".utf8)
            case "\n": bytes.append(contentsOf: "\\n".utf8)
            case "\r": bytes.append(contentsOf: "\\r".utf8)
            case "\t": bytes.append(contentsOf: "\\t".utf8)
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{85}", "\u{2028}", "\u{2029}":
                let hex = String(scalar.value, radix: 16)
                bytes.append(contentsOf: "\\u".utf8)
                bytes.append(contentsOf: String(repeating: "0", count: 4 - hex.utf8.count).utf8)
                bytes.append(contentsOf: hex.utf8)
            default: bytes.append(contentsOf: scalar.utf8)
            }
        }
    }
}
