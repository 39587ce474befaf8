/// A page of runs as an aligned table. Pure.
package enum RunTable {
    /// No line exceeds `columns`, the terminal's width; nil is no bound. `now` is in seconds since 1970.
    package static func describe(_ runs: [JSONTree], style: TerminalStyle, columns: Int?, now: Int) -> String {
        let rows = runs.map { row($0, now: now) }
        let head = ["ID", "STATUS", "PROGRESS", "AGE", "STEP"]
        let widths = head.indices.map { index in ([head] + rows).map { TerminalText.width($0[index]) }.max() ?? 0 }
        let lines = ([head] + rows).enumerated().map { number, row in
            line(
                row, widths, style: number == 0 ? TerminalStyle(isInteractive: false, hasColor: false, hasUnicode: false) : style,
                columns: columns)
        }
        return lines.joined(separator: "\n")
    }

    private static func row(_ run: JSONTree, now: Int) -> [String] {
        var progress = ProgressLine()
        if let data = run["progress"] { progress.update(data) }
        let cells = [
            run["job_id"]?.text ?? "?", run["status"]?.text ?? "?", progress.percent,
            run["created_at"]?.text.map { Timestamp.age(of: $0, now: now) } ?? "-",
            progress.step,
        ]
        return cells.map { TerminalText.escape($0.replacing("\t", with: " ")) }
    }

    private static func line(_ row: [String], _ widths: [Int], style: TerminalStyle, columns: Int?) -> String {
        var line = ""
        var used = 0
        for (index, cell) in row.enumerated() {
            let isLast = index == row.count - 1
            var text = isLast ? cell : TerminalText.pad(cell, to: widths[index]) + "  "
            if let columns { text = TerminalText.cut(text, to: max(0, columns - used), ellipsis: style.hasUnicode ? "…" : "...") }
            used += TerminalText.width(text)
            line += index == 1 ? style.paint(text, TerminalStyle.paint(ofStatus: cell)) : text
        }
        while line.hasSuffix(" ") { line.removeLast() }
        return line
    }
}
