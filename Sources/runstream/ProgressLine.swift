import Support

/// How far a run has come, and that as one line.
package struct ProgressLine: Sendable, Equatable {
    /// 0...100.
    package var percentage: Double = 0
    package var step = ""
    package var stepsCompleted: Int?
    package var stepsTotal: Int?

    package init() {}

    /// Takes in a `progress` event's data, or a status body's `progress`; what is missing stays.
    package mutating func update(_ data: JSONTree) {
        if let number = data["percentage"]?.number { percentage = min(100, max(0, number)) }
        if let text = data["current_step"]?.text { step = text }
        if let count = data["steps_completed"]?.integer { stepsCompleted = count }
        if let count = data["steps_total"]?.integer { stepsTotal = count }
    }

    /// Whole percents, rounded down: 100% is said only at the end.
    package var percent: String { "\(Int(outside: percentage, clampedTo: 0...100))%" }

    /// ` (3/10)`, where the runner counts its steps.
    package var count: String {
        guard let stepsTotal, stepsTotal > 0 else { return "" }
        return " (\(stepsCompleted ?? 0)/\(stepsTotal))"
    }

    /// The line, at most `columns - 1` wide: a full last column would wrap.
    package func bar(columns: Int, unicode: Bool) -> String {
        let room = columns - 1
        guard room >= 16 else { return TerminalText.cut(percent, to: max(0, room), ellipsis: "") }
        let percent = String(repeating: " ", count: 4 - self.percent.count) + self.percent
        let cells = min(30, max(8, room / 3))
        let bar = unicode ? Self.blocks(percentage, cells) : Self.hashes(percentage, cells)
        let head = "\(bar) \(percent)\(count)"
        let step = TerminalText.escape(self.step.replacing("\t", with: " "))
        return TerminalText.cut(step.isEmpty ? head : "\(head) \(step)", to: room, ellipsis: unicode ? "…" : "...")
    }

    private static func blocks(_ percentage: Double, _ cells: Int) -> String {
        let eighths = Int(outside: percentage / 100 * Double(cells * 8), clampedTo: 0...cells * 8)
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        return "▕" + TerminalText.pad(String(repeating: "█", count: eighths / 8) + partial, to: cells) + "▏"
    }

    private static func hashes(_ percentage: Double, _ cells: Int) -> String {
        let full = Int(outside: percentage / 100 * Double(cells), clampedTo: 0...cells)
        return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: cells - full) + "]"
    }
}
