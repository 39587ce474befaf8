import API
import Testing

@Suite struct RequestHeaderTests {
    @Test(
        arguments: [
            ("nan", 1000), ("NaN", 1000), ("-nan", 1000), ("inf", 1000), ("0x1p3", 1000), ("1e999", 1000), ("", 1000), ("x", 1000),
            ("0.5", 500), ("0", 0), ("-1", 0), ("2", 1000), ("1e-400", 0), ("-0", 0), ("9e99", 1000),
        ] as [(String, Int)])
    func `no weight in an Accept header ends the process`(weight: String, thousandths: Int) {
        #expect(Accept(["application/json;q=\(weight)"]).weight(of: "application/json") == thousandths)
    }

    @Test(
        arguments: [
            ([], "application/json", true), ([""], "application/json", true), (["*/*"], "application/json", true),
            (["application/*"], "application/json", true), (["text/html"], "application/json", false),
            (["text/html, */*;q=0.1"], "application/json", true), (["*/*, application/json;q=0"], "application/json", false),
            (["application/json;q=0, */*"], "text/plain", true), (["text/html", "APPLICATION/JSON"], "application/json", true),
            (["text/html, image/gif, *; q=.2"], "application/json", true), (["text/event-stream;charset=utf-8"], "text/event-stream", true),
            (["application/json;q=0.000"], "application/json", false), (["garbage"], "application/json", true),
        ] as [([String], String, Bool)])
    func `Accept says what is taken`(headers: [String], type: String, taken: Bool) {
        #expect((Accept(headers).weight(of: type) > 0) == taken)
    }

    @Test(
        arguments: [
            ([], "text/event-stream"), (["text/event-stream"], "text/event-stream"), (["application/x-ndjson"], "application/x-ndjson"),
            (["*/*"], "text/event-stream"), (["application/x-ndjson, */*;q=0.5"], "application/x-ndjson"),
            (["application/x-ndjson;q=0.2, text/event-stream;q=0.3"], "text/event-stream"), (["application/json"], nil),
            (["application/x-ndjson, text/event-stream"], "text/event-stream"),
        ] as [([String], String?)])
    func `of two offers the one wanted more is chosen`(headers: [String], type: String?) {
        #expect(Accept(headers).choose(["text/event-stream", "application/x-ndjson"]) == type)
    }

    @Test(
        arguments: [
            ("application/json", true), ("Application/JSON; charset=utf-8", true), ("application/problem+json", true),
            ("application/vnd.api+json;v=1", true), (nil, false), ("", false), ("text/plain", false), ("text/json", false),
            ("application/x-www-form-urlencoded", false), ("application/+json", false), ("application/jsonp", false),
            ("text/x+json", false),
            ("text/plain; application/json", false),
        ] as [(String?, Bool)])
    func `only JSON types are JSON`(header: String?, isJSON: Bool) {
        #expect(ContentType.isJSON(header) == isJSON)
    }

    @Test(
        arguments: [
            (nil, nil), ("", nil), ("  ", nil), ("\"\"", nil), ("abc", "abc"), ("\"abc\"", "abc"), ("\"a b\"", "a b"),
            (" \"abc\" ; v=1", "abc"),
            (#""a\"b\\c""#, #"a"b\c"#), ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"), ("é", "é"),
            ("\"é\" ", "é"), ("\tabc\t", "abc"),
        ] as [(String?, String?)])
    func `an Idempotency-Key is quoted or bare`(header: String?, key: String?) throws {
        #expect(try IdempotencyHeader.key(header.map { Array($0.utf8) }) == key.map { Array($0.utf8) })
    }

    @Test(arguments: ["\"abc", "\"a\\x\"", "\"a\" b", "\"", "\"a\u{7}\""])
    func `a malformed Idempotency-Key is refused`(header: String) {
        #expect(throws: IdempotencyHeader.Malformed.self) { try IdempotencyHeader.key(Array(header.utf8)) }
    }

    @Test func `a key that is not UTF-8 keeps its bytes`() throws {
        #expect(try IdempotencyHeader.key([0x6D, 0xFC]) == [0x6D, 0xFC])
        #expect(try IdempotencyHeader.key([0x22, 0x6D, 0xFC, 0x22]) == [0x6D, 0xFC])
    }

    @Test(
        arguments: [
            ("7", 7), ("0", 0), ("", nil), ("seven", nil), ("-1", 0), ("-99999999999999999999", 0), ("99999999999999999999", .max),
            (" 12 ", 12),
            ("1.5", nil), ("+1", nil), ("-", nil), ("0x10", nil), ("1 2", nil), ("007", 7), (nil, nil),
        ] as [(String?, UInt64?)])
    func `a Last-Event-ID that is no number is no cursor, a negative one is 0, a huge one the head`(header: String?, sequence: UInt64?) {
        #expect(StreamCursor(header)?.sequence == sequence)
    }

    @Test(
        arguments: [
            ("3", "5", 3), (nil, "5", 5), ("x", "5", 5), ("", "5", 5), ("-1", "5", 0), ("x", "y", nil), (nil, nil, nil),
        ] as [(String?, String?, UInt64?)])
    func `the header goes before the query`(header: String?, query: String?, sequence: UInt64?) {
        #expect(StreamCursor(header: header, query: query)?.sequence == sequence)
    }
}
