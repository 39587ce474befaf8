/// The server's own events, as envelopes in the wire's spelling, and the JSON text that they are made of.
package enum JobEvent {
    package static func progress(_ progress: JobProgress) -> [UInt8] {
        var json = JSONText()
        json.raw(#"{"event": "progress", "data": {"percentage": "#)
        json.raw(progress.percentage)
        for (name, token) in [
            ("current_step", progress.currentStep), ("steps_completed", progress.stepsCompleted), ("steps_total", progress.stepsTotal),
        ] {
            guard let token else { continue }
            json.raw(", \"\(name)\": ")
            json.raw(token)
        }
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

    package init() {}

    /// Appends text that is JSON already.
    package mutating func raw(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Appends a string in quotes. Besides what JSON demands, U+0085, U+2028 and U+2029 are escaped: some clients split lines at them.
    package mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
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
            default: bytes.append(contentsOf: String(scalar).utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
