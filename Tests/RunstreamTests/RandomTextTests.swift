import Testing
import runstream

/// The client's and the settings' parsers on damaged text: they belong to the program and so can't be linked to the fuzzer.
@Suite struct RandomTextTests {
    private static let seeds = [
        "250ms", "0.5s", "999999999999.999999999d", "36500d", "16MiB", "1125899906842624", "9223372036854775807GiB",
        "2026-01-31T09:05:00.000123Z",
        #"{"event": "progress", "data": {"percentage": 1e999, "current_step": "\ud83d\ude00\u0000"}}"#,
        #"[[[1.50, -0, null, true, {"a": "b"}]]]"#,
    ]

    @Test func `no damaged setting, time or answer ends the process`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("random text: seed \(seed)")
        var random = SplitMix(state: seed)
        let alphabet = Array(#"0123456789.-+eEnaifmshdKMGB{}[],:"\uTZ "#.utf8)
        for round in 0..<20_000 {
            var text = Array(Self.seeds[round % Self.seeds.count].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0...text.count, using: &random)
                let byte = alphabet.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text.insert(byte, at: place)
                case 1 where place < text.count: text[place] = byte
                default: text.insert(contentsOf: text[..<place], at: place)
                }
            }
            let string = String(decoding: text, as: UTF8.self)
            if let duration = try? DurationArgument.parse(string) { #expect(duration >= .zero && duration <= DurationArgument.longest) }
            if let size = try? SizeArgument.parse(string) { #expect((0...(1 << 50)).contains(size)) }
            _ = Timestamp.age(of: string, now: 1_800_000_000)
            guard let tree = JSONTree(text) else { continue }
            #expect(JSONTree(tree.compact)?.compact == tree.compact, "seed \(seed): \(string)")
            _ = RunEvent(string)
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
