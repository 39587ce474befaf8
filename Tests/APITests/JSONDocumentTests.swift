import API
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
            ("\"60\"", nil), ("true", nil),
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
}
