import API
import Foundation
import Testing

@Suite struct JSONDocumentTests {
    @Test(
        arguments: [
            ("", JSONError.empty), (" \n", .empty),
            ("{", .unfinished), ("[1,", .unfinished), ("\"a", .unfinished), ("tru", .unfinished), ("{\"a\":", .unfinished),
            ("-", .unfinished),
            ("{} {}", .unexpected(offset: 3)), ("{\"a\" 1}", .unexpected(offset: 5)), ("[1 2]", .unexpected(offset: 3)),
            ("{a: 1}", .unexpected(offset: 1)), ("{\"a\": 1,}", .unexpected(offset: 8)), ("[1,]", .unexpected(offset: 3)),
            ("01", .unexpected(offset: 1)), ("1.x", .unexpected(offset: 2)), ("+1", .unexpected(offset: 0)), ("1e", .unfinished),
            ("NaN", .unexpected(offset: 0)), ("'a'", .unexpected(offset: 0)), ("\"\t\"", .unexpected(offset: 1)),
            ("\"\\x\"", .unexpected(offset: 2)), ("\"\\u12G4\"", .unexpected(offset: 5)), ("\u{FEFF}{}", .unexpected(offset: 0)),
            ("\"\\ud800\"", .loneSurrogate(offset: 1)), ("\"x\\udc00\"", .loneSurrogate(offset: 2)),
            ("\"\\ud800\\u0041\"", .loneSurrogate(offset: 1)), ("{\"\\udfff\": 1}", .loneSurrogate(offset: 2)),
            ("{} //", .unexpected(offset: 3)),
        ] as [(String, JSONError)])
    func `what is no JSON is refused with its reason`(text: String, error: JSONError) {
        #expect(throws: error) { try JSONDocument(Array(text.utf8)) }
    }

    @Test func `invalid UTF-8 is refused, in strings and out of them`() {
        for bytes in [[0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0xFF], [0x22, 0xC0, 0x80, 0x22]] as [[UInt8]] {
            #expect(throws: JSONError.notUTF8) { try JSONDocument(bytes) }
        }
    }

    @Test func `64 levels are taken and 65 are refused`() throws {
        let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(try JSONDocument(Array(deepest.utf8)).root.kind == .array)
        #expect(throws: JSONError.tooDeep(offset: 64)) { try JSONDocument(Array("[\(deepest)]".utf8)) }
        let siblings = "[" + Array(repeating: "{\"a\": {}}", count: 100).joined(separator: ",") + "]"
        #expect(try JSONDocument(Array(siblings.utf8)).root.kind == .array)
    }

    @Test func `of several members with one name the last counts, and null is absent`() throws {
        let document = try JSONDocument(Array(#"{"a": 1, "\u0061": 2, "b": null, "c": {"a": 9}}"#.utf8))
        let a = try #require(document["a"])
        #expect(document.integer(a) == 2)
        #expect(document["b"] == nil)
        #expect(document["d"] == nil)
    }

    @Test(arguments: [
        (#""plain""#, "plain"), (#""""#, ""), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u0000x""#, "é\u{0}x"),
        (#""\ud83d\ude00!""#, "😀!"), ("\"é😀\"", "é😀"), (#""e\u0301""#, "e\u{301}"),
    ])
    func `a string's escapes are undone`(json: String, text: String) throws {
        let document = try JSONDocument(Array(json.utf8))
        #expect(Array(document.text(document.root).unicodeScalars) == Array(text.unicodeScalars))
    }

    @Test(
        arguments: [
            ("60", 60), ("60.0", 60), ("6e1", 60), ("-1", -1), ("0", 0), ("-0", 0), ("1.5", nil), ("1e400", nil),
            ("99999999999999999999", nil),
            ("\"60\"", nil), ("true", nil), ("-9223372036854775808", .min), ("-9.223372036854776e+18", nil),
            ("9.223372036854776e+18", nil), ("-1e999", nil), ("9007199254740991.0", 9_007_199_254_740_991), ("9007199254740992.0", nil),
        ] as [(String, Int?)])
    func `an integer is a number without a fraction`(json: String, integer: Int?) throws {
        let document = try JSONDocument(Array(json.utf8))
        #expect(document.integer(document.root) == integer)
    }

    @Test func `re-spacing keeps every token as it was written`() throws {
        let json = " { \"b\":1.50 ,\n\"a\" : [ 1e5,{ },[ ] ],\"s\":\"x , y : \\\" \\\\\",\"u\":\"\\u00e9\" } "
        let document = try JSONDocument(Array(json.utf8))
        #expect(document.respaced(document.root) == #"{"b": 1.50, "a": [1e5, {}, []], "s": "x , y : \" \\", "u": "\u00e9"}"#)
    }

    /// Foundation's parser as the oracle.
    @Test func `random bodies are taken and refused as Foundation does`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("random JSON: seed \(seed)")
        var random = SeededGenerator(state: seed)
        var taken = 0
        for _ in 0..<4_000 {
            var text = Self.value(4, &random)
            if Bool.random(using: &random), !text.isEmpty {
                let index = Int.random(in: 0..<text.count, using: &random)
                text[index] = Array(#"{}[],:"\ 0123456789.eE+-truefalsn"#.utf8).randomElement(using: &random) ?? 0
            }
            let ours = try? JSONDocument(text)
            let theirs = try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
            let string = String(decoding: text, as: UTF8.self)
            // Foundation takes a comma behind the last element.
            let hasTrailingComma = string.contains(/,\s*[}\]]/)
            #expect((ours == nil) == (theirs == nil) || ours == nil && hasTrailingComma, "\(string)")
            guard let ours else { continue }
            taken += 1
            let respaced = ours.respaced(ours.root)
            #expect(try JSONDocument(Array(respaced.utf8)).respaced(JSONDocument(Array(respaced.utf8)).root) == respaced)
            #expect(respaced.filter { $0 != " " } == string.filter { $0 != " " })
        }
        #expect(taken > 500)
    }

    private static let strings = [#""""#, #""a b""#, #""\u00e9""#, #""\n\\\"""#, #""é""#, #""\ud83d\ude00""#]

    private static func value(_ depth: Int, _ random: inout SeededGenerator) -> [UInt8] {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: Array(["null", "true", "false"].randomElement(using: &random)?.utf8 ?? "".utf8)
        case 1: Array("\(Int.random(in: -1000...1000, using: &random))".utf8)
        case 2: Array(["1.5", "-0", "1e5", "2E-3", "0.0", "12.50e+1"].randomElement(using: &random)?.utf8 ?? "".utf8)
        case 3...5:
            Array(
                strings.randomElement(using: &random)?.utf8 ?? "".utf8)
        case 6:
            Array("[".utf8)
                + Array(
                    (0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth - 1, &random) }.joined(separator: Array(" ,".utf8)))
                + Array("]".utf8)
        default:
            Array("{".utf8)
                + Array(
                    (0..<Int.random(in: 0...3, using: &random)).map { Array("\"k\($0)\": ".utf8) + value(depth - 1, &random) }
                        .joined(separator: Array(", ".utf8))) + Array("}".utf8)
        }
    }
}

/// SplitMix64.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
