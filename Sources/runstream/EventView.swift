/// Shows a run's events on one descriptor: with a bar on the last line of a terminal, line by line elsewhere, or as JSON.
///
/// What is shown gathers until `flush`, so that a burst of events costs one write and one drawing of the bar.
struct EventView {
    enum Kind {
        /// Log lines and progress.
        case full
        /// Progress on a terminal, nothing elsewhere.
        case barOnly
        /// The envelope of each event, as it came, and its id.
        case json
    }

    private static let gatherLimitBytes = 64 << 10
    private let kind: Kind
    private let output: Output
    private let lines: EventLines
    private var progress = ProgressLine()
    /// The last frame of a progress bar that the runner draws itself: shown in place of ours until its line ends.
    private var frame: String?
    private var gathered = ""
    private var hasBar = false
    private var isEnded = false

    init(_ kind: Kind, output: Output) {
        self.kind = kind
        self.output = output
        lines = EventLines(style: output.style)
    }

    /// Takes in one event: `envelope` as it came with its id, and `event` as we understand it, nil if we don't.
    mutating func show(_ event: RunEvent?, envelope: String, id: String) throws(CommandFailure) {
        if case .progress(let data) = event { progress.update(data) }
        if case .retry = event { progress = ProgressLine() }
        if case .complete = event { isEnded = true }
        if case .log(let message, _, _, let isTransient, _) = event { frame = isTransient ? message : nil }
        switch kind {
        case .json:
            let line = Self.withID(envelope, id: id, event)
            gathered += (lines.style.isInteractive ? TerminalText.escapeJSON(line) : line) + "\n"
        case .full:
            gathered += (event.map { lines.lines($0, progress: progress) } ?? TerminalText.lines(envelope)).map { $0 + "\n" }.joined()
        case .barOnly: break
        }
        if gathered.utf8.count > Self.gatherLimitBytes { try flush() }
    }

    /// The envelope with the event's id as its first member, as in NDJSON. A gap has none: its id is null.
    private static func withID(_ envelope: String, id: String, _ event: RunEvent?) -> String {
        guard envelope.hasPrefix("{\"event\""), !id.isEmpty, id.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return envelope }
        if case .gap = event { return "{\"id\": null, " + envelope.dropFirst() }
        return "{\"id\": \(id), " + envelope.dropFirst()
    }

    /// Writes what has gathered and draws the bar anew.
    mutating func flush() throws(CommandFailure) {
        let draws = kind != .json && lines.style.isInteractive && !isEnded
        guard !gathered.isEmpty || draws || hasBar else { return }
        var text = hasBar ? Self.clear : ""
        text += gathered
        if draws { text += lastLine(columns: TerminalStyle.columns(of: output.descriptor)) }
        gathered = ""
        hasBar = draws
        try output.write(text)
    }

    private func lastLine(columns: Int) -> String {
        guard kind == .full, let frame else { return progress.bar(columns: columns, unicode: lines.style.hasUnicode) }
        let text = TerminalText.escape(frame.replacing("\t", with: " "))
        return TerminalText.cut(text, to: max(0, columns - 1), ellipsis: lines.style.hasUnicode ? "…" : "...")
    }

    /// A line on standard error that leaves the bar whole.
    mutating func notice(_ line: String) throws(CommandFailure) {
        try flush()
        try suspend()
        Output.notice(line)
    }

    /// Takes the bar away: something else will be written.
    mutating func suspend() throws(CommandFailure) {
        guard hasBar else { return }
        hasBar = false
        try output.write(Self.clear)
    }

    /// To the start of the line, and erases it.
    private static let clear = "\r\u{1B}[K"
}
