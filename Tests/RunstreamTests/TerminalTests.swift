import Testing
import runstream

struct TerminalTests {
    static let plain = TerminalStyle(isInteractive: false, hasColor: false, hasUnicode: false)
    static let color = TerminalStyle(isInteractive: true, hasColor: true, hasUnicode: true)

    @Test(arguments: [
        ("plain äß 漢 🏁", "plain äß 漢 🏁"), ("a\tb", "a\tb"), ("\u{1B}[31mred", "\\x1b[31mred"),
        ("\u{7}\u{8}\u{0}\u{7F}", "\\x07\\x08\\x00\\x7f"),
        ("a\rb", "a\\rb"), ("a\nb", "a\\nb"), ("\u{9B}2J", "\\x9b2J"), ("\u{85}", "\\x85"), ("\u{202E}abc", "\\u202eabc"),
        ("\u{2028}", "\\u2028"),
        ("\u{2066}\u{200F}", "\\u2066\\u200f"),
    ])
    func `nothing that a terminal would obey is left in a text`(text: String, expected: String) {
        #expect(TerminalText.escape(text) == expected)
    }

    @Test(arguments: ["{}", "{\n  \"a\": \"\u{7F}\u{9B}2J\u{202E}é\"\n}"])
    func `JSON without what a terminal would obey means the same`(text: String) {
        let escaped = TerminalText.escapeJSON(text)
        #expect(!escaped.unicodeScalars.contains { $0 == "\u{7F}" || $0 == "\u{9B}" || $0 == "\u{202E}" })
        #expect(JSONTree(escaped)?["a"]?.text == JSONTree(text)?["a"]?.text)
        #expect(JSONTree(escaped) != nil)
        #expect(escaped.contains("\n") == text.contains("\n"))
    }

    @Test(
        arguments: [
            ("", [""]), ("a", ["a"]), ("a\nb", ["a", "b"]), ("a\r\nb\r\n", ["a", "b"]), ("a\n\nb", ["a", "", "b"]), ("a\n", ["a"]),
            ("\n", [""]),
            ("50%\r60%", ["50%\\r60%"]),
        ] as [(String, [String])])
    func `a text of several lines is shown as several lines`(text: String, expected: [String]) {
        #expect(TerminalText.lines(text) == expected)
    }

    @Test(arguments: [("", 0), ("abc", 3), ("äöü", 3), ("a\u{301}", 1), ("漢字", 4), ("🏁", 2), ("한글", 4), ("→", 1), ("\u{200B}", 0)])
    func `width counts columns`(text: String, columns: Int) {
        #expect(TerminalText.width(text) == columns)
    }

    @Test(arguments: [
        ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("漢字漢", 5, "漢字…"), ("漢字漢", 4, "漢…"), ("abc", 1, ""), ("abc", 0, ""),
        ("e\u{301}e\u{301}", 1, ""),
    ])
    func `a cut text fits`(text: String, columns: Int, expected: String) {
        #expect(TerminalText.cut(text, to: columns, ellipsis: "…") == expected)
    }

    @Test(
        arguments: [
            (true, [:], true, true, false), (false, ["LANG": "C.UTF-8"], false, false, true), (true, ["NO_COLOR": "1"], true, false, false),
            (true, ["NO_COLOR": ""], true, true, false), (true, ["TERM": "dumb"], false, false, false),
            (true, ["LANG": "en_US.utf8"], true, true, true),
            (true, ["LC_ALL": "C", "LANG": "C.UTF-8"], true, true, false),
            (true, ["LC_ALL": "", "LC_CTYPE": "de_DE.UTF-8@euro"], true, true, true),
        ] as [(Bool, [String: String], Bool, Bool, Bool)])
    func `the style follows the terminal and the environment`(
        terminal: Bool, environment: [String: String], interactive: Bool, color: Bool, unicode: Bool
    ) {
        #expect(
            TerminalStyle(isTerminal: terminal, environment: environment)
                == TerminalStyle(isInteractive: interactive, hasColor: color, hasUnicode: unicode))
    }

    private func progress(_ json: String) -> ProgressLine {
        var progress = ProgressLine()
        if let tree = JSONTree(json) { progress.update(tree) }
        return progress
    }

    @Test(arguments: [
        (#"{"percentage": 50, "current_step": "Working"}"#, 40, false, "[######.......]  50% Working"),
        (
            #"{"percentage": 50, "current_step": "Working", "steps_completed": 3, "steps_total": 10}"#, 40, false,
            "[######.......]  50% (3/10) Working"
        ),
        (#"{"percentage": 100}"#, 40, true, "▕█████████████▏ 100%"),
        (#"{"percentage": 0}"#, 40, true, "▕             ▏   0%"),
        (#"{"percentage": 99.9}"#, 40, false, "[############.]  99%"),
        (#"{"percentage": 50, "current_step": "Working"}"#, 40, true, "▕██████▌      ▏  50% Working"),
        (#"{"percentage": 50, "current_step": "Working on something long"}"#, 30, true, "▕████▌    ▏  50% Working on …"),
        (#"{"percentage": 50, "current_step": "a\u001b[2J\tb"}"#, 60, false, #"[#########..........]  50% a\x1b[2J b"#),
        (#"{"percentage": 5e9, "current_step": "x"}"#, 12, true, "100%"),
        (#"{"percentage": 5}"#, 3, true, "5%"),
        (#"{"percentage": 5}"#, 1, true, ""),
    ])
    func `the bar fits its terminal`(json: String, columns: Int, unicode: Bool, expected: String) {
        let bar = progress(json).bar(columns: columns, unicode: unicode)
        #expect(bar == expected)
        #expect(TerminalText.width(bar) < columns)
    }

    @Test func `no bar is ever wider than its terminal`() {
        for columns in 1...200 {
            for percentage in [0, 33.3, 99.99, 100] {
                let text = progress(
                    "{\"percentage\": \(percentage), \"current_step\": \"漢字 step with some length to it\", \"steps_total\": 10}")
                for unicode in [true, false] { #expect(TerminalText.width(text.bar(columns: columns, unicode: unicode)) < columns) }
            }
        }
    }

    @Test(
        arguments: [
            (#"{"event": "log", "data": {"message": "hello"}}"#, ["hello"], ["hello"]),
            (
                #"{"event": "log", "data": {"message": "a\nb\u001b[2J", "stream": "stderr"}}"#, ["a", #"b\x1b[2J"#],
                ["\u{1B}[2ma\u{1B}[0m", "\u{1B}[2mb\\x1b[2J\u{1B}[0m"]
            ),
            (#"{"event": "log", "data": {"message": "hm", "level": "warning", "stream": "stderr"}}"#, ["hm"], ["\u{1B}[33mhm\u{1B}[0m"]),
            (#"{"event": "log", "data": {"message": "oh", "level": "ERROR"}}"#, ["oh"], ["\u{1B}[31moh\u{1B}[0m"]),
            (#"{"event": "progress", "data": {"percentage": 42.5, "current_step": "Sums"}}"#, ["Progress: 42% - Sums"], []),
            (
                #"{"event": "complete", "data": {"status": "succeeded", "job_id": "run_1"}}"#, ["Run succeeded"],
                ["\u{1B}[32m✓ Run succeeded\u{1B}[0m"]
            ),
            (
                #"{"event": "complete", "data": {"status": "failed", "error": "Exited with status 3"}}"#,
                ["Run failed: Exited with status 3"], ["\u{1B}[31m✗ Run failed: Exited with status 3\u{1B}[0m"]
            ),
            (
                #"{"event": "retry", "data": {"attempt": 1, "max_attempts": 3, "reason": "timeout", "error": "Timed out after 60 s"}}"#,
                ["Attempt 1 of 3 timed out: Timed out after 60 s; trying again"],
                ["\u{1B}[33mAttempt 1 of 3 timed out: Timed out after 60 s; trying again\u{1B}[0m"]
            ),
            (
                #"{"event": "gap", "data": {"requested": 5, "oldest": 900, "job": {}}}"#, ["Events 6 to 899 are no longer kept"],
                ["\u{1B}[33mEvents 6 to 899 are no longer kept\u{1B}[0m"]
            ),
            (#"{"event": "error", "data": {"error": "no"}}"#, ["Error: no"], ["\u{1B}[31mError: no\u{1B}[0m"]),
            (#"{"event": "artifact", "data": {"n": 1.10}}"#, [#"artifact: {"n": 1.10}"#], [#"artifact: {"n": 1.10}"#]),
        ] as [(String, [String], [String])])
    func `each event has its lines, plain and coloured`(envelope: String, plain: [String], colored: [String]) throws {
        let event = try #require(RunEvent(envelope))
        var progress = ProgressLine()
        if case .progress(let data) = event { progress.update(data) }
        #expect(EventLines(style: Self.plain).lines(event, progress: progress) == plain)
        #expect(EventLines(style: Self.color).lines(event, progress: progress) == colored)
    }

    @Test func `what is no envelope is no event`() {
        for text in ["", "[DONE]", "{}", "[]", "{\"event\": 1}"] { #expect(RunEvent(text) == nil) }
    }
}
