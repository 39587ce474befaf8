import HTTPClient
import Testing
import runstream

struct ClientTextTests {
    static let now = 1_735_787_045  // 2025-01-02T03:04:05Z

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2025-01-02T03:04:05Z", now), ("2025-01-02T03:04:05.999999Z", now),
            ("2024-02-29T00:00:00Z", 1_709_164_800),
            ("2000-03-01T00:00:00Z", 951_868_800), ("2025-13-01T00:00:00Z", nil), ("2025-01-02 03:04:05Z", nil),
            ("2025-01-02T03:04:05", nil), ("", nil),
        ] as [(String, Int?)])
    func `times`(text: String, seconds: Int?) {
        #expect(Timestamp.seconds(text) == seconds)
    }

    @Test(arguments: [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86_399, "23h"), (86_400, "1d"), (-5, "0s")])
    func `ages`(ago: Int, expected: String) {
        #expect(Timestamp.age(of: "2025-01-02T03:04:05Z", now: Self.now + ago) == expected)
    }

    static let runs = [
        #"{"job_id": "run_000000000001", "status": "running", "progress": {"percentage": 42, "current_step": "A long step with many words"}, "created_at": "2025-01-02T03:00:00.000000Z"}"#,
        #"{"job_id": "run_2", "status": "queued", "progress": {"percentage": 0, "current_step": null}, "created_at": "2025-01-01T03:00:00Z"}"#,
    ].compactMap { JSONTree($0) }

    @Test func `a list is aligned`() {
        let table = RunTable.describe(Self.runs, style: TerminalTests.plain, columns: nil, now: Self.now)
        #expect(
            table == """
                ID                STATUS   PROGRESS  AGE  STEP
                run_000000000001  running  42%       4m   A long step with many words
                run_2             queued   0%        1d
                """)
    }

    @Test func `a list on a terminal is coloured and never wraps`() {
        let table = RunTable.describe(Self.runs, style: TerminalTests.color, columns: 60, now: Self.now)
        #expect(table.contains("\u{1B}[36mrunning  \u{1B}[0m42%       4m   A long step with …"))
        for columns in 1...100 {
            let style = TerminalStyle(isInteractive: true, hasColor: false, hasUnicode: true)
            let lines = RunTable.describe(Self.runs, style: style, columns: columns, now: Self.now).split(separator: "\n")
            #expect(lines.allSatisfy { TerminalText.width(String($0)) <= columns })
        }
    }

    @Test func `a status is shown with what it has`() throws {
        let run = try #require(
            JSONTree(
                #"{"job_id": "run_1", "status": "failed", "progress": {"percentage": 42.9, "current_step": "Sums", "steps_completed": 3, "steps_total": 7}, "created_at": "2025-01-02T03:00:00Z", "started_at": null, "attempt": 2, "max_attempts": 3, "error": "bad\u001b[1m", "session_id": "s"}"#
            ))
        #expect(
            StatusText.describe(run, style: TerminalTests.plain, now: Self.now) == """
                run_1  failed
                  Progress   42% (3/7) Sums
                  Created    2025-01-02T03:00:00Z (4m ago)
                  Attempt    2 of 3
                  Session    s
                  Error      bad\\x1b[1m
                """)
    }

    @Test(arguments: [
        (404, #"{"type": "about:blank", "title": "Not Found", "detail": "Job not found: run_1"}"#, "Job not found: run_1"),
        (
            422, #"{"detail": "Invalid", "errors": [{"pointer": "/timeout", "detail": "must be 1 or more"}]}"#,
            "Invalid\n  /timeout: must be 1 or more"
        ),
        (401, #"{"detail": "No key", "error": "x"}"#, "No key\nGive the API key by RUNSTREAM_API_KEY or --api-key-file."),
        (401, #"{"error": "Unauthorized"}"#, "Unauthorized\nGive the API key by RUNSTREAM_API_KEY or --api-key-file."),
        (500, "<html>\u{1B}", "the server answered 500"), (400, #"{"detail": "\u001b]0;x\u0007"}"#, #"\x1b]0;x\x07"#),
    ])
    func `a refusal is told in the server's words`(status: Int, body: String, expected: String) {
        #expect(ProblemText.describe(HTTPResponse(status: status, body: Array(body.utf8))) == expected)
    }

    @Test func `a refusal says when to try again`() {
        let response = HTTPResponse(status: 503, headers: [HTTPHeader("retry-after", "2")], body: Array(#"{"detail": "Queue full"}"#.utf8))
        #expect(ProblemText.describe(response) == "Queue full\nTry again in 2 s.")
    }

    @Test(
        arguments: [
            ("http://127.0.0.1:8005", "http://127.0.0.1:8005"), ("https://a.example/x//", "https://a.example/x"), ("HTTP://a", "HTTP://a"),
            ("127.0.0.1:8005", nil), ("ftp://a", nil), ("http://", nil), ("http:///", nil), ("http://u:p@a", nil), ("http://a?b", nil),
            ("http://a b", nil),
            ("", nil),
        ] as [(String, String?)])
    func `the server's URL`(text: String, expected: String?) {
        #expect((try? APIURL.check(text)) == expected)
    }

    @Test func `values in URLs are encoded`() {
        #expect(APIURL.encode("az AZ09-._~&=/?é+") == "az%20AZ09-._~%26%3D%2F%3F%C3%A9%2B")
    }

    @Test(
        arguments: [
            ([:], "http://127.0.0.1:8005"), (["RUNSTREAM_PORT": "9"], "http://127.0.0.1:9"),
            (["RUNSTREAM_HOST": "0.0.0.0"], "http://127.0.0.1:8005"),
            (["RUNSTREAM_HOST": "::", "RUNSTREAM_PORT": "80"], "http://[::1]:80"), (["PRAISONAI_JOBS_PORT": "7"], "http://127.0.0.1:7"),
            (["RUNSTREAM_HOST": "10.0.0.1"], "http://10.0.0.1:8005"),
            (["RUNSTREAM_API_URL": "http://a/", "RUNSTREAM_PORT": "9"], "http://a"),
        ] as [([String: String], String)])
    func `the health check asks the server that the environment describes`(environment: [String: String], expected: String) throws {
        #expect(try HealthURL.choose(environment) == expected)
    }

    private func body(_ arguments: [String], files: [String: String] = [:]) throws -> String {
        try SubmitFlags.parse(arguments).body { path throws(ArgumentProblem) in
            guard let text = files[path] else { throw ArgumentProblem("No such file or directory") }
            return text
        }
    }

    @Test func `a submit has the members that were given, and no others`() throws {
        #expect(try body(["a \"b\"\n"]) == #"{"prompt": "a \"b\"\n"}"#)
        let all = try body([
            "p", "--recipe", "r", "--recipe-config", #"{"a":1.10}"#, "--agent-file", "f", "--agent-yaml", "y: 1", "--framework", "fw",
            "--config", "{}",
            "--webhook-url", "https://w", "--timeout", "10m", "--session-id", "s", "--idempotency-key", "k", "--idempotency-scope",
            "session",
            "--max-attempts", "3",
        ])
        #expect(
            all
                == #"{"prompt": "p", "recipe_name": "r", "recipe_config": {"a": 1.10}, "agent_file": "f", "agent_yaml": "y: 1", "framework": "fw", "#
                + #""config": {}, "webhook_url": "https://w", "timeout": 600, "session_id": "s", "idempotency_key": "k", "#
                + #""idempotency_scope": "session", "max_attempts": 3}"#)
    }

    @Test func `files and standard input are read where asked for`() throws {
        let files = ["-": "from stdin", "c.json": #"{"x": [1]}"#, "a.yaml": "k: v\n"]
        #expect(
            try body(["-", "--recipe-config", "@c.json", "--agent-yaml", "@a.yaml"], files: files)
                == #"{"prompt": "from stdin", "recipe_config": {"x": [1]}, "agent_yaml": "k: v\n"}"#)
    }

    @Test(arguments: [
        (["p", "--recipe-config", "[1]"], "--recipe-config: not a JSON object"), (["p", "--config", "{"], "--config: not a JSON object"),
        (["p", "--config", "@gone"], "--config: cannot read gone: No such file or directory"),
        (["-"], "the prompt: cannot read -: No such file or directory"),
    ])
    func `what cannot be sent is refused before it is`(arguments: [String], expected: String) {
        #expect(throws: ArgumentProblem(expected)) { try body(arguments) }
    }
}
