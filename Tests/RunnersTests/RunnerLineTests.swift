import Jobs
import Runners
import Testing

/// What one line became: its outcome and the envelopes it left in the batch.
struct ReadLine: Equatable {
    var outcome: RunnerLine.Outcome
    var envelopes: [String]
}

/// Reads one line with a reader of its own.
func read(_ line: [UInt8], progress: inout JobProgress) -> ReadLine {
    var reader = RunnerLine()
    var batch = EventBatch()
    let outcome = unsafe reader.read(line.span.bytes, progress: &progress, into: &batch)
    return ReadLine(outcome: outcome, envelopes: envelopes(of: batch))
}

func read(_ line: String) -> ReadLine {
    var progress = JobProgress(percentage: "7")
    return read(Array(line.utf8), progress: &progress)
}

func envelopes(of batch: EventBatch) -> [String] {
    (0..<batch.count).map { String(decoding: batch.bytes[batch.range($0)], as: UTF8.self) }
}

struct RunnerLineTests {
    @Test(arguments: [
        // The envelope's own spelling, whatever the runner's spacing.
        (#"{"event":"log","data":{"message":"hi"}}"#, #"{"event": "log", "data": {"message": "hi"}}"#),
        (" { \"event\" :\t\"log\" , \"data\":{\"message\":\"hi\" } } ", #"{"event": "log", "data": {"message": "hi"}}"#),
        (#"{"event":"step","data":[1,[2 ,{"a":null}],true,[],{}]}"#, #"{"event": "step", "data": [1, [2, {"a": null}], true, [], {}]}"#),
        // Any order; the other members where there is no data.
        (#"{"data":{"message":"hi"},"event":"log"}"#, #"{"event": "log", "data": {"message": "hi"}}"#),
        (#"{"id":1,"data":5,"event":"x","z":{}}"#, #"{"event": "x", "data": 5}"#),
        (#"{"event":"log","message":"hi","level":"info"}"#, #"{"event": "log", "data": {"message": "hi", "level": "info"}}"#),
        (#"{"message":"hi","event":"log","level":"info"}"#, #"{"event": "log", "data": {"message": "hi", "level": "info"}}"#),
        (#"{"message":"hi","event":"log"}"#, #"{"event": "log", "data": {"message": "hi"}}"#),
        (#"{"event":"tick"}"#, #"{"event": "tick", "data": {}}"#),
        (#"{"event":"tick","data":null}"#, #"{"event": "tick", "data": null}"#),
        // Escaped spellings of names.
        (#"{"\u0065vent":"lo\u0067","d\u0061ta":{"message":"hi"}}"#, #"{"event": "log", "data": {"message": "hi"}}"#),
        (#"{"event":"log","\u006Dessage":"hi"}"#, #"{"event": "log", "data": {"\u006Dessage": "hi"}}"#),
        // The last of a name given twice counts.
        (#"{"event":"a","data":1,"event":"b","data":2}"#, #"{"event": "b", "data": 2}"#),
        (#"{"event":"a","x":1,"event":"b","y":2,"event":"c"}"#, #"{"event": "c", "data": {"x": 1, "y": 2}}"#),
        (#"{"event":"a","event":"b"}"#, #"{"event": "b", "data": {}}"#),
        (#"{"event":"log","data":{"message":1},"data":{"message":2}}"#, #"{"event": "log", "data": {"message": 2}}"#),
        // Numbers, strings and escapes as the runner wrote them.
        (
            #"{"event":"x","data":[1.50,-0,1E+2,0e-1,123456789012345678901234567890]}"#,
            #"{"event": "x", "data": [1.50, -0, 1E+2, 0e-1, 123456789012345678901234567890]}"#
        ),
        (#"{"event":"x","data":"a\/b\u00e9é\ud83d\ude00\ud800\"\\"}"#, #"{"event": "x", "data": "a\/b\u00e9é\ud83d\ude00\ud800\"\\"}"#),
        (
            "{\"event\":\"x\",\"data\":\"a\u{85}b\u{2028}c\u{2029}d\u{2027}e\u{7f}\"}",
            "{\"event\": \"x\", \"data\": \"a\\u0085b\\u2028c\\u2029d\u{2027}e\u{7f}\"}"
        ),
        // Errors are objects.
        (#"{"event":"error","data":"boom"}"#, #"{"event": "error", "data": {"error": "boom"}}"#),
        (#"{"event":"error","data":[1]}"#, #"{"event": "error", "data": {"error": [1]}}"#),
        (#"{"event":"error","data":{"error":"boom"}}"#, #"{"event": "error", "data": {"error": "boom"}}"#),
        (#"{"event":"error","error":"boom"}"#, #"{"event": "error", "data": {"error": "boom"}}"#),
        // A log may be a string.
        (#"{"event":"log","data":"hi"}"#, #"{"event": "log", "data": {"message": "hi"}}"#),
        // Names of a runner's own.
        (#"{"event":"Tool.call-1_x","data":1}"#, #"{"event": "Tool.call-1_x", "data": 1}"#),
    ])
    func `a line that is an event becomes its envelope`(line: String, envelope: String) {
        #expect(read(line) == ReadLine(outcome: .event, envelopes: [envelope]))
    }

    @Test(arguments: [
        // structlog, pino, logrus, zap, slog, bunyan, python-json-logger
        (
            #"{"key": 1, "event": "user logged in", "level": "info", "timestamp": "2026-11-28T14:13:21Z"}"#,
            #"{"event": "log", "data": {"message": "user logged in", "level": "info", "fields": {"key": 1, "timestamp": "2026-11-28T14:13:21Z"}}}"#
        ),
        (
            #"{"level":30,"time":1531171074631,"pid":657,"hostname":"h","msg":"hello"}"#,
            #"{"event": "log", "data": {"message": "hello", "level": "info", "fields": {"time": 1531171074631, "pid": 657, "hostname": "h"}}}"#
        ),
        (
            #"{"level":"warning","msg":"m","n":1.50}"#,
            #"{"event": "log", "data": {"message": "m", "level": "warning", "fields": {"n": 1.50}}}"#
        ),
        (#"{"level":"WARN","msg":"m"}"#, #"{"event": "log", "data": {"message": "m", "level": "WARN"}}"#),
        (#"{"level":10,"msg":"m"}"#, #"{"event": "log", "data": {"message": "m", "level": "trace"}}"#),
        (#"{"level":45,"msg":"m"}"#, #"{"event": "log", "data": {"message": "m", "level": "warning"}}"#),
        (#"{"level":60,"msg":"m"}"#, #"{"event": "log", "data": {"message": "m", "level": "fatal"}}"#),
        // `message` before `msg` before `event`; the others are fields.
        (
            #"{"event":"e","msg":"g","level":"info","message":"m"}"#,
            #"{"event": "log", "data": {"message": "m", "level": "info", "fields": {"event": "e", "msg": "g"}}}"#
        ),
        (
            #"{"message":{"a":1},"level":"info","msg":"g"}"#,
            #"{"event": "log", "data": {"message": "g", "level": "info", "fields": {"message": {"a": 1}}}}"#
        ),
        // Neither a result, nor an end, nor progress.
        (
            #"{"event":"result","level":"info","rows":3}"#,
            #"{"event": "log", "data": {"message": "result", "level": "info", "fields": {"rows": 3}}}"#
        ),
        (#"{"event":"done","level":"info"}"#, #"{"event": "log", "data": {"message": "done", "level": "info"}}"#),
        // A `log` of the protocol's own stays as it is.
        (#"{"event":"log","message":"m","level":"info","x":1}"#, #"{"event": "log", "data": {"message": "m", "level": "info", "x": 1}}"#),
        (#"{"event":"step","level":"info","data":1}"#, #"{"event": "step", "data": 1}"#),
    ])
    func `a line of a JSON logger becomes a log with its message, its level and its fields`(line: String, envelope: String) {
        #expect(read(line) == ReadLine(outcome: .event, envelopes: [envelope]))
    }

    @Test(arguments: [
        #"{"event":"result"}"#, #"{"event":"result","rows":3}"#, #"{"level":"info"}"#, #"{"msg":"m"}"#, #"{"level":9,"msg":"m"}"#,
        #"{"level":61,"msg":"m"}"#, #"{"level":null,"msg":"m"}"#, #"{"level":"info","msg":5}"#, #"{"level":"info","msg":"m","data":1}"#,
    ])
    func `a result without data, and what is no logger's line, is plain text`(line: String) {
        #expect(read(line).outcome == .plain)
    }

    @Test(arguments: [
        (#"{"percentage":50,"current_step":"a"}"#, #"{"percentage": 50, "current_step": "a"}"#, "50"),
        (#"{"percentage":50.0}"#, #"{"percentage": 50}"#, "50"),
        (#"{"percentage":5e1}"#, #"{"percentage": 50}"#, "50"),
        (#"{"percentage":33.50}"#, #"{"percentage": 33.50}"#, "33.50"),
        (#"{"percentage":-3}"#, #"{"percentage": 0}"#, "0"),
        (#"{"percentage":-0}"#, #"{"percentage": 0}"#, "0"),
        (#"{"percentage":-0.0}"#, #"{"percentage": 0}"#, "0"),
        (#"{"percentage":1e-999}"#, #"{"percentage": 0}"#, "0"),
        (#"{"percentage":100.0001}"#, #"{"percentage": 100}"#, "100"),
        (#"{"percentage":1e999}"#, #"{"percentage": 100}"#, "100"),
        (#"{"percentage":-1e999}"#, #"{"percentage": 0}"#, "0"),
        (#"{"percentage":100}"#, #"{"percentage": 100}"#, "100"),
        (#"{"current_step":"a"}"#, #"{"percentage": 7, "current_step": "a"}"#, "7"),
        (#"{}"#, #"{"percentage": 7}"#, "7"),
        (#"{"a":1,"percentage":null}"#, #"{"a": 1, "percentage": 7}"#, "7"),
        (#"{"percentage":1.0,"percentage":2.0}"#, #"{"percentage": 1, "percentage": 2}"#, "2"),
        (#"{"p\u0065rcentage":9.0}"#, #"{"p\u0065rcentage": 9}"#, "9"),
        (#"{"x":{"percentage":"no"},"percentage":3}"#, #"{"x": {"percentage": "no"}, "percentage": 3}"#, "3"),
    ])
    func `a progress event's percentage is clamped, whole ones are integers, a missing one stays`(
        data: String, expected: String, percentage: String
    ) {
        var progress = JobProgress(percentage: "7")
        let line = read(Array(#"{"event":"progress","data":\#(data)}"#.utf8), progress: &progress)
        #expect(line == ReadLine(outcome: .event, envelopes: [#"{"event": "progress", "data": \#(expected)}"#]))
        #expect(progress.percentage == percentage)
        let inner = data.dropFirst().dropLast()
        #expect(read(#"{"event":"progress"\#(inner.isEmpty ? "" : ",")\#(inner)}"#) == line, "the same without data")
    }

    @Test func `a progress event says how far the run is, and what it leaves out stays`() {
        var progress = JobProgress()
        func say(_ data: String) { _ = read(Array(#"{"event":"progress","data":\#(data)}"#.utf8), progress: &progress) }
        say(#"{"percentage":25,"current_step":"two\nlines","steps_completed":1,"steps_total":4}"#)
        #expect(progress == JobProgress(percentage: "25", currentStep: #""two\nlines""#, stepsCompleted: "1", stepsTotal: "4"))
        say(#"{"percentage":50,"steps_completed":2}"#)
        #expect(progress == JobProgress(percentage: "50", currentStep: #""two\nlines""#, stepsCompleted: "2", stepsTotal: "4"))
        say(#"{"current_step":null}"#)
        #expect(progress == JobProgress(percentage: "50", currentStep: nil, stepsCompleted: "2", stepsTotal: "4"))
        say(#"{"percentage":"75","current_step":"never"}"#)
        #expect(progress.percentage == "50" && progress.currentStep == nil, "a malformed one says nothing")
    }

    @Test(arguments: [
        (#"{"event":"result","data":{"a":[1,2]}}"#, #"{"a": [1, 2]}"#),
        (#"{"event":"result","data":"text"}"#, #""text""#),
        (#"{"event":"result","data":null}"#, "null"),
    ])
    func `a result is kept and not shown`(line: String, json: String) {
        #expect(read(line) == ReadLine(outcome: .result(Array(json.utf8)), envelopes: []))
    }

    @Test(arguments: [
        "plain text", "7", "null", "[]", #""text""#, "{", "}", "{}", " ", #"{"a":1}"#, #"{"event":1}"#, #"{"event":null,"data":1}"#,
        #"{"event":""}"#, #"{"event":"1x"}"#, #"{"event":"a b"}"#, #"{"event":"é"}"#, #"{"event":"a\n"}"#, #"{"event":"a\u00e9"}"#,
        #"{"event":"complete","data":{}}"#, #"{"event":"gap"}"#, #"{"event":"retry"}"#, #"{"event":"done"}"#, #"{"event":"heartbeat"}"#,
        #"{"event":"c\u006fmplete"}"#, #"{"event":"log"}"#, #"{"event":"log","data":5}"#, #"{"event":"log","data":{"text":"x"}}"#,
        #"{"event":"progress","data":5}"#, #"{"event":"progress","data":{"percentage":"5"}}"#, #"{"event":"progress","percentage":[]}"#,
        #"{"event":"x","data":1"#, #"{"event":"x","data":1}}"#, #"{"event":"x","data":1} x"#, #"{"event":"x",}"#,
        #"{"event":"x" "data":1}"#,
        #"{"event":"x","data":01}"#, #"{"event":"x","data":1.}"#, #"{"event":"x","data":.5}"#, #"{"event":"x","data":+1}"#,
        #"{"event":"x","data":1e}"#, #"{"event":"x","data":-}"#, #"{"event":"x","data":NaN}"#, #"{"event":"x","data":Infinity}"#,
        #"{"event":"x","data":tru}"#, #"{"event":"x","data":truex}"#, #"{"event":"x","data":"\x"}"#, #"{"event":"x","data":"\u12g4"}"#,
        #"{"event":"x","data":"\u123"#, #"{"event":"x","data":"abc"#, #"{"event":"x","data":"\"#, #"{'event':'x'}"#,
        #"{"event":"x","data":[1}}"#,
        #"{"event":"x","data":[1,]}"#, #"{"event":"x","data":[,1]}"#, #"{"event":"x","data":{"a"}}"#, #"{"event":"x","data":{"a":1,}}"#,
        "\u{feff}{\"event\":\"x\"}", "{\"event\":\"x\",\"data\":\"tab\there\"}", #"{event:"x"}"#,
    ])
    func `anything else is a log with the line as its message`(line: String) {
        let message = line.map { ["\"": "\\\"", "\\": "\\\\", "\t": "\\t"][$0] ?? String($0) }.joined()
        #expect(read(line) == ReadLine(outcome: .plain, envelopes: [#"{"event": "log", "data": {"message": "\#(message)"}}"#]))
    }

    @Test func `an empty line is nothing`() {
        #expect(read("") == ReadLine(outcome: .empty, envelopes: []))
    }

    @Test func `control characters and line breaks of a plain line are escaped`() {
        let line = "a\u{0}\u{8}\t\n\u{b}\u{c}\r\u{1f}\u{7f}\u{85}\u{2028}\u{2029}\"\\/é😀z"
        let message = "a\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\u{7f}\\u0085\\u2028\\u2029\\\"\\\\/é😀z"
        #expect(read(line).envelopes == [#"{"event": "log", "data": {"message": "\#(message)"}}"#])
    }

    @Test(
        arguments: [
            ([0x80], "\u{fffd}"), ([0xC3], "\u{fffd}"), ([0xE2, 0x82], "\u{fffd}"), ([0xC0, 0xAF], "\u{fffd}\u{fffd}"),
            ([0xED, 0xA0, 0x80], "\u{fffd}\u{fffd}\u{fffd}"), ([0xF5], "\u{fffd}"), ([0xF0, 0x9F, 0x98, 0x80], "😀"),
        ] as [([UInt8], String)])
    func `what is no UTF-8 becomes U+FFFD, in events and in plain lines`(bytes: [UInt8], text: String) {
        var progress = JobProgress()
        let event = read(Array(#"{"event":"x","data":"a"#.utf8) + bytes + Array(#"b"}"#.utf8), progress: &progress)
        #expect(event == ReadLine(outcome: .event, envelopes: [#"{"event": "x", "data": "a\#(text)b"}"#]))
        let plain = read(Array("a".utf8) + bytes + Array("b".utf8), progress: &progress)
        #expect(plain == ReadLine(outcome: .plain, envelopes: [#"{"event": "log", "data": {"message": "a\#(text)b"}}"#]))
    }

    @Test(arguments: [(63, RunnerLine.Outcome.event), (64, .plain)])
    func `an event is at most 64 deep, its own object counted`(depth: Int, outcome: RunnerLine.Outcome) {
        func line(_ open: String, _ close: String) -> String {
            #"{"event":"x","data":"# + String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth) + "}"
        }
        #expect(read(line("[", "]")).outcome == outcome)
        #expect(read(line(#"{"a":"#, "}")).outcome == outcome)
        #expect(read(line("[", "]")).envelopes.count == 1)
    }

    @Test func `a name has at most 64 characters`() {
        let name = String(repeating: "n", count: 64)
        #expect(read(#"{"event":"\#(name)"}"#).outcome == .event)
        #expect(read(#"{"event":"\#(name)n"}"#).outcome == .plain)
    }

    @Test func `a reader is used again for lines of any length`() {
        var reader = RunnerLine()
        var batch = EventBatch()
        var progress = JobProgress()
        var expected: [String] = []
        for length in [1, 100_000, 3, 262_144, 0, 8] {
            let text = String(repeating: "\u{85}", count: length)
            _ = unsafe reader.read(Array(#"{"event":"x","data":"\#(text)"}"#.utf8).span.bytes, progress: &progress, into: &batch)
            expected.append(#"{"event": "x", "data": "\#(String(repeating: "\\u0085", count: length))"}"#)
        }
        #expect(envelopes(of: batch) == expected)
    }
}
