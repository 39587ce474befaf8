import ClientTestSupport
import Testing

/// The built command against a scripted server: what it sends, shows and ends with.
struct ClientCommandTests {
    private func run(
        _ arguments: [String], _ scenes: [[ScriptedServer.Step]], environment: [String: String] = [:], input: String = ""
    ) throws -> (ending: ChildProcess.Ending, server: ScriptedServer) {
        let server = ScriptedServer(scenes)
        let child = try ChildProcess(arguments, environment: ["RUNSTREAM_API_URL": server.url].merging(environment) { $1 }, input: input)
        return (child.wait(), server)
    }

    struct Case: Sendable {
        let arguments: [String]
        let scenes: [[ScriptedServer.Step]]
        let status: Int32
        var output = ""
        /// Part of standard error; empty for none at all.
        var error = ""
        /// The first line of each request.
        var calls: [String] = []

        init(
            _ arguments: String, _ scenes: [[ScriptedServer.Step]], _ status: Int32, output: String = "", error: String = "",
            calls: [String] = []
        ) {
            self.arguments = arguments.split(separator: " ").map { String($0) }
            (self.scenes, self.status, self.output, self.error, self.calls) = (scenes, status, output, error, calls)
        }
    }

    static let cases: [Case] = [
        Case("status run_1", [[Scene.status]], 0, output: "run_1  running\n  Progress   42%\n", calls: ["GET /api/v1/runs/run_1"]),
        Case(
            "status run_1 --json", [[Scene.status]], 0,
            output: #"{"job_id": "run_1", "status": "running", "progress": {"percentage": 42}}"# + "\n"),
        Case("status run_1", [[Scene.problem("404 Not Found", "Job not found: run_1")]], 4, error: "Error: Job not found: run_1\n"),
        Case("status run_1", [[Scene.problem("401 Unauthorized", "No key")]], 4, error: "RUNSTREAM_API_KEY"),
        Case("status run_1", [[Scene.problem("500 Internal Server Error", "Oh")]], 5, error: "Error: Oh\n"),
        Case("status run_1", [[.answer("200 OK", "<html>")]], 5, error: "does not answer like a runstream server"),
        Case("status run_1", [], 5, error: "cannot reach http://127.0.0.1:"),
        Case("status run_1", [[]], 5, error: "broke"),
        Case("status run/1", [], 64, error: "run/1"),
        Case("status", [], 64, error: "Missing expected argument"),
        Case("status run_1 --api-url ftp://x", [], 64, error: "http:// or https://"),
        Case("status run_1 --api-key a --api-key-file b", [], 64, error: "not both"),
        Case("nonsense", [], 64, error: "nonsense"),
        Case(
            "result run_1", [[Scene.result("succeeded", #""a\nb\u00e9""#)]], 0, output: "a\nbé\n", calls: ["GET /api/v1/runs/run_1/result"]),
        Case(
            "result run_1", [[Scene.result("succeeded", #"{"mean":1.10,"n":12345678901234567890}"#)]], 0,
            output: "{\n  \"mean\": 1.10,\n  \"n\": 12345678901234567890\n}\n"),
        Case("result run_1", [[Scene.result("succeeded")]], 0, output: "null\n"),
        Case(
            "result run_1 --json", [[.answer("200 OK", #"{"status":"failed","result":null,"x":1.0}"#)]], 1,
            output: #"{"status":"failed","result":null,"x":1.0}"# + "\n"),
        Case("result run_1", [[Scene.result("failed", error: #""Timed out""#)]], 1, error: "Run failed: Timed out\n"),
        Case("result run_1", [[Scene.result("cancelled")]], 3, error: "Run cancelled\n"),
        Case(
            "result run_1", [[Scene.problem("409 Conflict", "Job is still running")]], 6,
            error: "Error: Job is still running\nWait for it with: runstream stream run_1\n"),
        Case("result run_1", [[Scene.problem("404 Not Found", "No")]], 4, error: "Error: No\n"),
        Case("cancel run_1", [[Scene.status]], 0, output: "Run run_1 is cancelled\n", calls: ["POST /api/v1/runs/run_1/cancel"]),
        Case("cancel run_1", [[Scene.problem("409 Conflict", "Already over")]], 4, error: "Error: Already over\n"),
        Case("delete run_1", [[.answer("204 No Content")]], 0, output: "Run run_1 is deleted\n", calls: ["DELETE /api/v1/runs/run_1"]),
        Case(
            "list", [[.answer("200 OK", #"{"jobs": [], "total": 0}"#)]], 0, output: "ID  STATUS  PROGRESS  AGE  STEP\n",
            calls: ["GET /api/v1/runs?page=1&page_size=20"]),
        Case(
            "list --status running --session-id a&b --page 2 --page-size 1",
            [[.answer("200 OK", #"{"jobs": [{"job_id": "run_9", "status": "running", "progress": {"percentage": 1}}], "total": 3}"#)]], 0,
            output: "ID     STATUS   PROGRESS  AGE  STEP\nrun_9  running  1%        -\n", error: "Page 2 of 3, 3 runs in all\n",
            calls: ["GET /api/v1/runs?page=2&page_size=1&status=running&session_id=a%26b"]),
        Case("list --json", [[.answer("200 OK", #"{"jobs":[]}"#)]], 0, output: #"{"jobs":[]}"# + "\n"),
        Case("list --status nope", [[Scene.problem("400 Bad Request", "Unknown status: nope")]], 4, error: "Error: Unknown status: nope\n"),
        Case("submit hello", [[Scene.accepted]], 0, output: "run_1\n", calls: ["POST /api/v1/runs"]),
        Case("submit hello --json", [[Scene.accepted]], 0, output: #"{"job_id": "run_1", "status": "queued"}"# + "\n"),
        Case("submit hello --config []", [], 64, error: "--config: not a JSON object"),
        Case("submit hello --config @/dev/zero", [], 64, error: "--config: cannot read /dev/zero: larger than 64MiB"),
        Case("submit hello", [[]], 5, error: "The run may have been accepted"),
        Case(
            "submit hello", [[.answer("503 Service Unavailable", #"{"detail": "Full"}"#, headers: "Retry-After: 7\r\n")]], 5,
            error: "Error: Full\nTry again in 7 s.\n"),
        Case(
            "submit x --stream", [[Scene.accepted], [.streamHead] + Scene.end("succeeded")], 0, output: "Run succeeded\n",
            error: "Submitted run_1\n",
            calls: ["POST /api/v1/runs", "GET /api/v1/runs/run_1/stream?from=start"]),
        Case(
            "submit x --stream --json", [[Scene.accepted], [.streamHead, Scene.event(1, Scene.log("hi"))] + Scene.end("failed")], 1,
            output: #"{"job_id": "run_1", "status": "queued"}"# + "\n" + #"{"id": 1, "# + Scene.log("hi").dropFirst() + "\n"
                + #"{"id": 8, "event": "complete", "data": {"status": "failed", "job_id": "run_1", "error": "Exited with status 3"}}"#
                + "\n"),
        Case(
            "submit x --wait",
            [
                [Scene.accepted], [.streamHead, Scene.event(1, Scene.log("hi"))] + Scene.end("succeeded"),
                [Scene.result("succeeded", "[1]")],
            ], 0,
            output: "[\n  1\n]\n", error: "Submitted run_1\n"),
        Case(
            "submit x --wait", [[Scene.accepted], [.streamHead] + Scene.end("cancelled"), [Scene.result("cancelled")]], 3,
            error: "Submitted run_1\nRun cancelled\n"),
        Case(
            "submit x --wait --stream",
            [
                [Scene.accepted], [.streamHead, Scene.event(1, Scene.log("hi"))] + Scene.end("succeeded"),
                [Scene.result("succeeded", #""r""#)],
            ], 0, output: "r\n",
            error: "Submitted run_1\nhi\nRun succeeded\n"),
        Case(
            "submit x --wait --json",
            [[Scene.accepted], [.streamHead] + Scene.end("succeeded"), [.answer("200 OK", #"{"status": "succeeded", "result": 1}"#)]], 0,
            output: #"{"status": "succeeded", "result": 1}"# + "\n", error: "Submitted run_1\n"),
        Case(
            "stream run_1",
            [
                [
                    .streamHead, Scene.event(1, #"{"event": "progress", "data": {"percentage": 50, "current_step": "Sums"}}"#),
                    Scene.event(2, Scene.log(#"a\u001b[2Jb"#)),
                ] + Scene.end("succeeded")
            ],
            0, output: "Progress: 50% - Sums\na\\x1b[2Jb\nRun succeeded\n", calls: ["GET /api/v1/runs/run_1/stream?from=start"]),
        Case(
            "stream run_1 --json",
            [[.streamHead, Scene.event(1, #"{"event": "x", "data": {"n":1.10,  "s": "\u001b"}}"#)] + Scene.end("cancelled")], 3,
            output: #"{"id": 1, "event": "x", "data": {"n":1.10,  "s": "\u001b"}}"# + "\n"
                + #"{"id": 8, "event": "complete", "data": {"status": "cancelled", "job_id": "run_1"}}"# + "\n"),
        Case(
            "stream run_1 --from now", [[.streamHead] + Scene.end("failed")], 1, output: "Run failed: Exited with status 3\n",
            calls: ["GET /api/v1/runs/run_1/stream?from=now"]),
        Case(
            "stream run_1 --from now",
            [[Scene.problem("400 Bad Request", "Job already completed")], [.answer("200 OK", #"{"status": "cancelled"}"#)]], 3,
            error: "The run has ended: cancelled\n"),
        Case(
            "stream run_1 --from now",
            [
                [.streamHead, .chunk("retry: 1\n"), Scene.event(6, #"{"event": "progress", "data": {"percentage": 50}}"#), .reset],
                [.streamHead, Scene.event(7, Scene.log("missed"))] + Scene.end("succeeded"),
            ], 0, output: "Progress: 50%\nmissed\nRun succeeded\n", error: "Trying to resume after event 6\nResumed.\n"),
        Case(
            "stream run_1 --last-event-id 9", [[.answer("204 No Content")], [.answer("200 OK", #"{"status": "failed", "error": "e"}"#)]], 1,
            error: "The run has ended: failed: e\n", calls: ["GET /api/v1/runs/run_1/stream?from=start", "GET /api/v1/runs/run_1"]),
        Case("stream run_1", [[Scene.problem("404 Not Found", "Job not found: run_1")]], 4, error: "Error: Job not found: run_1\n"),
        Case("stream run_1", [], 5, error: "cannot reach"),
        Case("stream run_1 --retry-for 2s", [], 5, error: "Trying to resume"),
        Case("stream run_1 --from end", [], 64, error: "end"),
        Case(
            "stream run_1",
            [
                [.streamHead, .chunk("retry: 1\n"), Scene.event(1, Scene.log("a")), .reset],
                [.streamHead, Scene.event(2, Scene.log("b"))] + Scene.end("succeeded"),
            ], 0,
            output: "a\nb\nRun succeeded\n", error: "Trying to resume after event 1\nResumed.\n"),
        Case(
            "stream run_1",
            [[.streamHead, .chunk("retry: 1\n"), Scene.event(1, Scene.log("a")), .lastChunk], [.streamHead] + Scene.end("succeeded")], 0,
            output: "a\nRun succeeded\n", error: "The server ended the stream; resuming after event 1\nResumed.\n"),
        Case(
            "stream run_1 --retry-for 0", [[.streamHead, Scene.event(1, Scene.log("a")), .lastChunk]], 5, output: "a\n",
            error: "ended without its end marker"),
        Case("health", [[.answer("200 OK", #"{"status": "healthy"}"#)]], 0, output: "healthy\n", calls: ["GET /health"]),
        Case("health", [[.answer("503 Service Unavailable", "")]], 1, error: "503"),
        Case("health", [], 1, error: "cannot reach"),
    ]

    @Test(arguments: cases)
    func `a command asks, shows and ends as documented`(given: Case) throws {
        let (ending, server) = try run(given.arguments, given.scenes)
        #expect(ending.status == given.status, "\(ending)")
        #expect(ending.output == given.output)
        #expect(given.error.isEmpty ? ending.error.isEmpty : ending.error.contains(given.error), "\(ending.error)")
        if !given.calls.isEmpty {
            #expect(server.requests.map { $0.prefix { !$0.isNewline } } == given.calls.map { "\($0) HTTP/1.1" })
        }
    }

    @Test(
        arguments: [
            (["--api-key", "flag"], [:], "flag"), ([], ["RUNSTREAM_API_KEY": "env"], "env"),
        ] as [([String], [String: String], String)])
    func `the key is sent on every request, the stream's included`(arguments: [String], environment: [String: String], key: String) throws {
        let (ending, server) = try run(
            ["submit", "x", "--stream"] + arguments, [[Scene.accepted], [.streamHead] + Scene.end("succeeded")], environment: environment)
        #expect(ending.status == 0)
        #expect(server.requests.count == 2)
        for request in server.requests { #expect(request.contains("\r\nAuthorization: Bearer \(key)\r\n")) }
    }

    @Test func `a resumed stream asks from the last event on`() throws {
        let scenes: [[ScriptedServer.Step]] = [
            [.streamHead, .chunk("retry: 1\n"), Scene.event(41, Scene.log("a")), .chunk("id: 42\ndata: {\"event"), .reset],
            [Scene.problem("503 Service Unavailable", "Draining")],
            [.streamHead, Scene.event(42, Scene.log("b"))] + Scene.end("succeeded", from: 43),
        ]
        let (ending, server) = try run(["stream", "run_1", "--last-event-id", "40"], scenes)
        #expect(ending.status == 0)
        #expect(ending.output == "a\nb\nRun succeeded\n")
        #expect(server.requests.map { $0.contains("\r\nLast-Event-ID: 40\r\n") } == [true, false, false])
        #expect(server.requests.map { $0.contains("\r\nLast-Event-ID: 41\r\n") } == [false, true, true])
    }

    @Test func `the prompt may come from standard input`() throws {
        let (ending, server) = try run(["submit", "-"], [[Scene.accepted]], input: "two\nlines")
        #expect(ending.status == 0)
        #expect(server.requests.first?.hasSuffix(#"{"prompt": "two\nlines"}"#) == true)
        #expect(server.requests.first?.contains("\r\nContent-Type: application/json\r\n") == true)
    }

    @Test func `output that cannot be written is an error`() throws {
        let server = ScriptedServer([[Scene.result("succeeded", #""x""#)]])
        let child = try ChildProcess(["result", "run_1", "--api-url", server.url], outputFile: "/dev/full")
        let ending = child.wait()
        #expect(ending.status == 74)
        #expect(ending.error.contains("No space left on device"))
    }

    @Test func `the version is one line`() throws {
        let ending = try ChildProcess(["--version"]).wait()
        #expect(ending.output == "0.1.0\n")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `shells get their completions`(shell: String) throws {
        let ending = try ChildProcess(["--generate-completion-script", shell]).wait()
        #expect(ending.status == 0)
        #expect(ending.output.contains("last-event-id"))
    }

    @Test func `help shows examples and what the exit numbers mean`() throws {
        let ending = try ChildProcess(["--help"]).wait()
        #expect(ending.output.contains("runstream stream run_4be1c02a77d9"))
        for status in ["0 ", "1 ", "3 ", "4 ", "5 ", "6 ", "64", "74", "130"] { #expect(ending.output.contains("\n  \(status)")) }
    }

    @Test(
        arguments: [
            (["serve", "--host", "0.0.0.0"], [:], "--insecure-no-key"),
            (["serve", "--recipes", "/no/such"], [:], "--recipes /no/such: not a directory"),
            (["serve"], ["RUNSTREAM_HEARTBEAT": "soon"], "RUNSTREAM_HEARTBEAT=soon"), (["serve", "--port", "70000"], [:], "--port"),
            (["serve", "--api-key-file", "/no/such"], [:], "cannot read the API key from /no/such: No such file or directory"),
        ] as [([String], [String: String], String)])
    func `serve refuses bad settings before it does anything`(arguments: [String], environment: [String: String], message: String) throws {
        let ending = try ChildProcess(arguments, environment: ["HOME": "/nonexistent"].merging(environment) { $1 }).wait()
        #expect(ending.status == 64)
        #expect(ending.error.contains(message))
    }
}
