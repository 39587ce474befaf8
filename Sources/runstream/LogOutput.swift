import Jobs
import Logging

/// Renders log lines and leaves them to a `LogQueue`: text for people (coloured on a terminal), or one JSON object a line for machines.
struct LogOutput: LogHandler {
    enum Format: Sendable {
        case text(isColoured: Bool)
        case json
    }

    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let format: Format
    private let label: String
    private let queue: LogQueue
    private let clock: @Sendable () -> Jobs.Timestamp

    init(label: String, level: Logger.Level, format: Format, queue: LogQueue, clock: @escaping @Sendable () -> Jobs.Timestamp) {
        self.queue = queue
        self.label = label
        self.logLevel = level
        self.format = format
        self.clock = clock
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        var line = LogLine.render(format, time: clock(), level: event.level, label: label, message: "\(event.message)", metadata: all)
        line.append(UInt8(ascii: "\n"))
        queue.put(line)
    }
}

/// A log line's bytes.
enum LogLine {
    static func render(
        _ format: LogOutput.Format, time: Jobs.Timestamp, level: Logger.Level, label: String, message: String, metadata: [(String, String)]
    ) -> [UInt8] {
        var json = JSONText()
        switch format {
        case .json:
            json.raw("{\"time\": \"\(time.iso8601)\", \"level\": \"\(level.rawValue)\", \"label\": ")
            json.string(label)
            json.raw(", \"message\": ")
            json.string(message)
            for (key, value) in metadata {
                json.raw(", ")
                json.string(key)
                json.raw(": ")
                json.string(value)
            }
            json.raw("}")
        case .text(let isColoured):
            let (on, off) = isColoured ? (colour(level), "\u{1B}[0m") : ("", "")
            json.raw("\(time.iso8601) \(on)\(level.rawValue)\(off) \(printable(message))")
            for (key, value) in metadata { json.raw(" \(key)=\(value.contains(" ") ? "\"\(printable(value))\"" : printable(value))") }
        }
        return json.bytes
    }

    /// What came from outside cannot begin a new line or move the cursor.
    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) else { return text }
        return text.unicodeScalars.map { scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\\x" + String(scalar.value, radix: 16) : String(scalar)
        }.joined()
    }

    private static func colour(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "\u{1B}[2m"
        case .info, .notice: "\u{1B}[36m"
        case .warning: "\u{1B}[33m"
        case .error, .critical: "\u{1B}[31m"
        }
    }
}
