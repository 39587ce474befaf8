import Foundation
import Jobs
import Runners
import Testing

extension ProcessTests {
    struct RunnerLineFuzzTests {
        private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }

        @Test(.enabled(if: python != nil, "python3 is not installed"))
        func `random lines are read as Python's json reads them`() throws {
            let python = try #require(Self.python)
            let seed = UInt64.random(in: 0 ... .max)
            var lines = RandomLines(seed: seed)
            let inputs = (0..<20_000).map { _ in lines.next() }
            let answers = try ask(python, inputs)
            try #require(answers.count == inputs.count, "seed \(seed)")
            var outcomes: [Substring: Int] = [:]
            for (input, answer) in zip(inputs, answers) {
                var progress = JobProgress(percentage: "7")
                let line = read(input, progress: &progress)
                let (outcome, output) =
                    switch line.outcome {
                    case .event: ("event", Array(line.envelopes.joined(separator: "\n").utf8))
                    case .plain: ("plain", Array(line.envelopes.joined(separator: "\n").utf8))
                    case .result(let json): ("result", json)
                    case .empty: ("empty", [])
                    }
                let expected = answer.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
                outcomes[expected[0], default: 0] += 1
                let agrees = outcome == expected[0] && hex(output) == expected[1]
                try #require(agrees, "seed \(seed): \(String(decoding: input, as: UTF8.self)) became \(line), not \(answer)")
            }
            #expect(
                outcomes["event", default: 0] > 2000 && outcomes["plain", default: 0] > 2000 && outcomes["result", default: 0] > 50,
                "seed \(seed): \(outcomes)")
        }

        private func hex(_ bytes: [UInt8]) -> String {
            let digits = Array("0123456789abcdef")
            return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
        }

        /// Runs the reference over all lines; files on both sides, so that no pipe can fill up.
        private func ask(_ python: String, _ inputs: [[UInt8]]) throws -> [Substring] {
            let directory = FileManager.default.temporaryDirectory.appending(path: "runstream-fuzz-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            let input = directory.appending(path: "input")
            let output = directory.appending(path: "output")
            try Data(inputs.map { hex($0) + "\n" }.joined().utf8).write(to: input)
            try Data().write(to: output)
            let process = Foundation.Process()
            process.executableURL = URL(filePath: python)
            process.arguments = ["-c", RunnerLineReference.program]
            process.standardInput = try FileHandle(forReadingFrom: input)
            process.standardOutput = try FileHandle(forWritingTo: output)
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            return try String(contentsOf: output, encoding: .utf8).split(separator: "\n")
        }
    }
}

/// Lines of every kind: events, results, nearly events, and noise; a third of them damaged somewhere.
struct RandomLines {
    private var random: SplitMix

    init(seed: UInt64) {
        random = SplitMix(state: seed)
    }

    mutating func next() -> [UInt8] {
        var line = chance(10) ? text() : Array(object(depth: 0).utf8)
        if chance(4) { damage(&line) }
        return line.filter { $0 != 0x0A }
    }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    private mutating func pick(_ choices: [String]) -> String { choices[Int.random(in: 0..<choices.count, using: &random)] }

    private mutating func space() -> String { pick(["", "", "", " ", "\t", "  ", "\r"]) }

    private mutating func object(depth: Int) -> String {
        var members = (0..<Int.random(in: 0...4, using: &random)).map { _ in member(depth: depth) }
        if depth == 0, !chance(8) {
            members.insert(#""event"\#(space()):"# + eventName(), at: Int.random(in: 0...members.count, using: &random))
        }
        return "{" + space() + members.joined(separator: space() + "," + space()) + space() + "}" + (depth == 0 ? space() : "")
    }

    private mutating func eventName() -> String {
        if chance(10) { return pick([#""""#, "1", "null", #""é""#, #""a b""#, #""a\n""#]) }
        return knownName()
    }

    private mutating func knownName() -> String {
        pick([
            #""log""#, #""progress""#, #""result""#, #""error""#, #""complete""#, #""done""#, #""a.b-c_1""#, #""l\u006fg""#,
            #""progre\u0073s""#,
            #""error""#, #""log""#, #""progress""#, #""step""#, #""x""#,
        ])
    }

    private mutating func member(depth: Int) -> String {
        let name = pick([
            #""data""#, #""data""#, #""event""#, #""message""#, #""percentage""#, #""current_step""#, #""steps_total""#, #""d\u0061ta""#,
            #""x""#, #""""#,
            #""percent\u0061ge""#, #""m\"x""#, #""level""#, #""lev\u0065l""#, #""msg""#,
        ])
        if name.hasPrefix("\"lev"), !chance(4) {
            return name + ":" + pick([#""info""#, #""WARN""#, "10", "30", "39.5", "60", "61", "9", "4e1", "true", "-30"])
        }
        return name + space() + ":" + space() + value(depth: depth + 1)
    }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 5 ? 3 : 6), using: &random) {
        case 0 where !chance(10):
            return pick([
                "0", "-0", "50.0", "5e1", "33.3", "-7", "1E+400", "1e-400", "100", "99.999", "1.50", "123456789012345678901234567890",
            ])
        case 0: return chance(4) ? "7" : pick(["01", "1.", "NaN", "+1", "tru", "-Infinity", ".5", "'a'"])
        case 1: return string()
        case 2: return pick(["true", "false", "null", "[]", "{}"])
        case 3: return object(depth: depth)
        case 4 where chance(8):
            let deep = Int.random(in: 55...66, using: &random)
            return String(repeating: "[", count: deep) + String(repeating: "]", count: deep)
        default:
            let items = (0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth: depth + 1) }
            return "[" + space() + items.joined(separator: space() + "," + space()) + space() + "]"
        }
    }

    private mutating func string() -> String {
        let pieces = (0..<Int.random(in: 0...6, using: &random)).map { _ in
            pick([
                "a", "plain text ", "\\n", "\\\"", "\\\\", "\\/", "\\u00e9", "\\ud83d\\ude00", "\\ud800", "é", "€", "😀", "\u{85}",
                "\u{2028}", "\u{2029}", "\u{7f}", ",", ":", "{", "]",
            ])
        }
        return "\"" + pieces.joined() + "\""
    }

    private mutating func text() -> [UInt8] {
        (0..<Int.random(in: 0...30, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private mutating func damage(_ line: inout [UInt8]) {
        for _ in 0..<Int.random(in: 1...3, using: &random) where !line.isEmpty {
            let index = Int.random(in: 0..<line.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: line.remove(at: index)
            case 1: line[index] = UInt8.random(in: 0...255, using: &random)
            default: line.insert(contentsOf: pick(["\"", "\\", "{", "}", ",", ":", "\u{85}", "\u{2028}", "\u{0}"]).utf8, at: index)
            }
        }
    }
}

/// A random source that a seed repeats.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
