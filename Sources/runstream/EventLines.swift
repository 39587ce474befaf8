import Support

/// Events as lines of text. Pure; nothing in them can steer a terminal.
package struct EventLines: Sendable {
    package let style: TerminalStyle

    package init(style: TerminalStyle) {
        self.style = style
    }

    /// The lines of an event, without newlines; none for what only moves the bar.
    package func lines(_ event: RunEvent, progress: ProgressLine) -> [String] {
        switch event {
        case .progress: style.isInteractive ? [] : [plain(progress)]
        // The line that it belongs to comes with its last frame.
        case .log(_, _, _, isTransient: true, _): []
        case .log(let message, let isStderr, let level, _, let fields):
            TerminalText.lines(message).map { style.paint($0, paint(level) ?? (isStderr ? .dim : nil)) }.appendingToFirst(
                fields.isEmpty ? "" : "  " + style.paint(TerminalText.escape(fields), .dim))
        case .complete(let status, let error): [end(status, error)]
        case .retry(let attempt, let maxAttempts, let reason, let error):
            [style.paint("Attempt \(attempt) of \(maxAttempts) \(Self.told(reason))\(suffix(error)); trying again", .yellow)]
        case .gap(let requested, let oldest):
            [style.paint(Self.gap(after: requested, before: oldest), .yellow)]
        case .error(let message): TerminalText.lines(message).map { style.paint("Error: \($0)", .red) }
        case .other(let name, let data): ["\(TerminalText.escape(name)): \(TerminalText.escape(data.readable.compact))"]
        }
    }

    private func plain(_ progress: ProgressLine) -> String {
        let step = progress.step.isEmpty ? "" : " - \(TerminalText.escape(progress.step))"
        return "Progress: \(progress.percent)\(progress.count)\(step)"
    }

    private func end(_ status: String, _ error: String?) -> String {
        let mark = style.isInteractive && style.hasUnicode ? (status == "succeeded" ? "✓ " : "✗ ") : ""
        return style.paint("\(mark)Run \(TerminalText.escape(status))\(suffix(error))", TerminalStyle.paint(ofStatus: status))
    }

    private static func gap(after requested: Int, before oldest: Int) -> String {
        "Events \(requested.addingWithoutOverflow(1)) to \(oldest.subtractingWithoutOverflow(1)) are no longer kept"
    }

    private func suffix(_ error: String?) -> String {
        error.map { ": \(TerminalText.escape($0))" } ?? ""
    }

    private static func told(_ reason: String) -> String {
        switch reason {
        case "timeout": "timed out"
        case "crash": "was interrupted by a restart of the server"
        default: "failed"
        }
    }

    private func paint(_ level: String?) -> TerminalStyle.Paint? {
        switch level?.lowercased() {
        case "error", "critical", "fatal": .red
        case "warning", "warn": .yellow
        case "debug", "trace": .dim
        default: nil
        }
    }
}

extension [String] {
    /// With something behind the first line.
    fileprivate func appendingToFirst(_ text: String) -> [String] {
        guard let first, !text.isEmpty else { return self }
        return [first + text] + dropFirst()
    }
}
