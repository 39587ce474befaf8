import Testing
import runstream

struct JSONTreeTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1.10", "12345678901234567890123", "1e5", "-1.5E-7", "\"\"", #""a\"b\\c\/\u00e9\ud83c\udfc1""#,
        "[]", "{}", #"[1, "a", [], {}]"#, #"{"b": 1, "a": {"x": [true, null]}, "b": 2}"#,
    ])
    func `what is parsed is written back token by token`(text: String) {
        #expect(JSONTree(text)?.compact == text)
        #expect(JSONTree(" \n\t\(text)\r ")?.compact == text)
        #expect(JSONTree(text)?.pretty.filter { !$0.isWhitespace } == text.filter { !$0.isWhitespace })
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "tru", "01", "1.", ".5", "-", "+1", "1e", "0x1", "NaN", "\"", "\"\\x\"", "\"\\u12g4\"", "\"\n\"", "[",
        "[1,]", "[1 2]",
        "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "1 2", "'a'", "[1]]",
    ])
    func `what is no JSON is refused`(text: String) {
        #expect(JSONTree(text) == nil)
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        #expect(JSONTree([0x22, 0xFF, 0x22]) == nil)
    }

    @Test func `depth is bounded`() {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(JSONTree(nested(JSONTree.depthLimit)) != nil)
        #expect(JSONTree(nested(JSONTree.depthLimit + 1)) == nil)
        #expect(JSONTree(nested(1_000_000)) == nil)
    }

    @Test func `members and values are read`() {
        let tree = JSONTree(#"{"s": "a\n\u00e9\ud83c\udfc1\ud800x\/", "n": 2.5, "i": 3.0, "e": 5e1, "null": null, "\u0061": [1]}"#)
        #expect(tree?["s"]?.text == "a\né🏁\u{FFFD}x/")
        #expect(tree?["n"]?.number == 2.5)
        #expect(tree?["n"]?.integer == nil)
        #expect(tree?["i"]?.integer == 3)
        #expect(tree?["e"]?.integer == 50)
        #expect(tree?["null"] == nil)
        #expect(tree?["a"]?.elements?.count == 1)
        #expect(tree?["missing"] == nil)
    }

    @Test func `pretty text is indented by two spaces`() {
        let pretty = JSONTree(#"{"a": [1.10, {"b": []}], "c": {}}"#)?.pretty
        #expect(pretty == "{\n  \"a\": [\n    1.10,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}")
    }

    @Test func `a quoted text is read back`() {
        let text = (0..<0x180).compactMap { Unicode.Scalar($0) }.map(String.init).joined() + "🏁\u{2028}"
        let quoted = JSONTree.quote(text)
        #expect(JSONTree(quoted)?.text == text)
        #expect(quoted.hasPrefix(#""\u0000\u0001"#))
    }
}
