import Testing
import runstream

/// What a server may answer that isn't ours, or isn't well.
@Suite struct HostileAnswerTests {
    private static let numbers = [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9.223372036854776e+18", "1e999", "-1e999", "-0", "1e-999",
        String(repeating: "9", count: 5_000),
    ]

    @Test(arguments: numbers)
    func `no number in an event ends the client`(number: String) throws {
        let lines = EventLines(style: TerminalStyle(isInteractive: false, hasColor: false, hasUnicode: false))
        let members = ["percentage", "steps_completed", "steps_total", "requested", "oldest", "attempt", "max_attempts", "duration"]
        let data = members.map { "\"\($0)\": \(number)" }.joined(separator: ", ")
        for name in ["progress", "gap", "retry", "complete", "log", "error", "other"] {
            let event = try #require(RunEvent("{\"event\": \"\(name)\", \"data\": {\(data)}}"))
            var progress = ProgressLine()
            if case .progress(let said) = event { progress.update(said) }
            _ = lines.lines(event, progress: progress)
            for columns in [0, 1, 17, 80, 5_000] { _ = progress.bar(columns: columns, unicode: columns.isMultiple(of: 2)) }
        }
    }

    @Test(arguments: numbers)
    func `no number in a status body ends the client`(number: String) throws {
        let body = """
            {"job_id": "run_0", "status": "running", "attempt": \(number), "max_attempts": \(number), "created_at": "9999-99-99T99:99:99Z",
            "started_at": "-999-12--1T-1:-1:-1Z", "progress": {"percentage": \(number), "steps_total": \(number)}}
            """
        let tree = try #require(JSONTree(body))
        let style = TerminalStyle(isInteractive: false, hasColor: false, hasUnicode: false)
        _ = StatusText.describe(tree, style: style, now: 1_800_000_000)
        #expect(!RunTable.describe([tree], style: style, columns: 80, now: 1_800_000_000).isEmpty)
    }
}
