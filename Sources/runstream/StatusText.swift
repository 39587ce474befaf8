/// A run's status body for a person. Pure.
package enum StatusText {
    /// `now` is in seconds since 1970.
    package static func describe(_ run: JSONTree, style: TerminalStyle, now: Int) -> String {
        let status = run["status"]?.text ?? "unknown"
        let id = TerminalText.escape(run["job_id"]?.text ?? "?")
        var progress = ProgressLine()
        if let data = run["progress"] { progress.update(data) }
        var rows = [
            ("Progress", "\(progress.percent)\(progress.count)" + (progress.step.isEmpty ? "" : " " + TerminalText.escape(progress.step)))
        ]
        for (label, member) in [("Created", "created_at"), ("Started", "started_at"), ("Completed", "completed_at")] {
            guard let time = run[member]?.text else { continue }
            rows.append((label, "\(TerminalText.escape(time)) (\(Timestamp.age(of: time, now: now)) ago)"))
        }
        if let attempts = run["max_attempts"]?.integer, attempts > 1 {
            rows.append(("Attempt", "\(run["attempt"]?.integer ?? 0) of \(attempts)"))
        }
        for (label, member) in [("Session", "session_id"), ("Agent", "agent_id")] {
            if let text = run[member]?.text { rows.append((label, TerminalText.escape(text))) }
        }
        if let error = run["error"]?.text { rows.append(("Error", style.paint(TerminalText.escape(error), .red))) }
        let head = "\(style.paint(id, .bold))  \(style.paint(TerminalText.escape(status), TerminalStyle.paint(ofStatus: status)))"
        return ([head] + rows.map { "  \(TerminalText.pad($0.0, to: 11))\($0.1)" }).joined(separator: "\n")
    }
}
