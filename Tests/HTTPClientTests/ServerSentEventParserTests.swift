import HTTPClient
import Testing

struct ServerSentEventParserTests {
    struct Case: Sendable {
        let name: String
        let stream: String
        let events: [ServerSentEvent]
        var lastEventID = ""
        var retry: Duration?
    }

    private static func event(_ data: String, id: String = "", name: String = "message") -> ServerSentEvent {
        ServerSentEvent(id: id, name: name, data: data)
    }

    static let cases: [Case] = [
        Case(name: "one event", stream: "data: a\n\n", events: [event("a")]),
        Case(name: "data lines are joined", stream: "data: YHOO\ndata: +2\ndata: 10\n\n", events: [event("YHOO\n+2\n10")]),
        Case(
            name: "one space only is taken off", stream: "data:test\n\ndata: test\n\ndata:  test\n\n",
            events: [event("test"), event("test"), event(" test")]),
        Case(name: "empty data is data", stream: "data\n\ndata\ndata\n\ndata:", events: [event(""), event("\n")]),
        Case(name: "a comment is nothing", stream: ": hi\n:\n\ndata: a\n:\n\n", events: [event("a")]),
        Case(name: "an unfinished block is dropped", stream: "data: a\n\ndata: b\n", events: [event("a")]),
        Case(name: "CR", stream: "data: a\rdata: b\r\r", events: [event("a\nb")]),
        Case(name: "CRLF", stream: "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", events: [event("a\nb"), event("c")]),
        Case(name: "all mixed", stream: "data: a\rdata: b\ndata: c\r\n\rdata: d\n\r\n", events: [event("a\nb\nc"), event("d")]),
        Case(name: "LF LF after CR is two ends", stream: "data: a\r\n\ndata: b\n\n", events: [event("a"), event("b")]),
        Case(name: "a byte order mark at the start", stream: "\u{FEFF}data: a\n\n", events: [event("a")]),
        Case(name: "a byte order mark elsewhere", stream: "data: a\n\n\u{FEFF}data: b\n\n", events: [event("a")]),
        Case(name: "only one mark is taken off", stream: "\u{FEFF}\u{FEFF}data: a\n\n", events: []),
        Case(
            name: "ids stay", stream: "id: 1\ndata: a\n\ndata: b\n\n", events: [event("a", id: "1"), event("b", id: "1")], lastEventID: "1"),
        Case(name: "an empty id resets", stream: "id: 1\ndata: a\n\nid\ndata: b\n\n", events: [event("a", id: "1"), event("b")]),
        Case(name: "an id with NUL is none", stream: "id: 1\n\nid: 2\u{0}\ndata: a\n\n", events: [event("a", id: "1")], lastEventID: "1"),
        Case(name: "an id without data counts", stream: "id: 7\n\n", events: [], lastEventID: "7"),
        Case(name: "an id of an unfinished block does not", stream: "id: 7\n\nid: 8\ndata: a\n", events: [], lastEventID: "7"),
        Case(
            name: "names", stream: "event: add\ndata: 1\n\ndata: 2\n\nevent:\ndata: 3\n\n",
            events: [event("1", name: "add"), event("2"), event("3")]),
        Case(name: "a name without data is lost", stream: "event: add\n\ndata: 1\n\n", events: [event("1")]),
        Case(name: "retry", stream: "retry: 2317\n", events: [], retry: .milliseconds(2317)),
        Case(
            name: "retry of digits only", stream: "retry: 5\nretry: 1s\nretry: -1\nretry:\nretry: 9999999999999\n", events: [],
            retry: .milliseconds(5)),
        Case(name: "unknown fields", stream: "foo: bar\n data: no\nDATA: no\nData: no\ndata: a\n\n", events: [event("a")]),
        Case(name: "colons in the value", stream: "data: {\"a\": 1}\n\n", events: [event("{\"a\": 1}")]),
        Case(name: "no other line ends", stream: "data: a\u{85}b\u{2028}c\u{0C}\n\n", events: [event("a\u{85}b\u{2028}c\u{0C}")]),
        Case(
            name: "the server's own preamble and heartbeat",
            stream: "retry: 2317\n: run_4be1c02a77d9\nid: 1\ndata: {}\n\n:\n:\nid: 2\ndata: [DONE]\n\n",
            events: [event("{}", id: "1"), event("[DONE]", id: "2")], lastEventID: "2", retry: .milliseconds(2317)),
        Case(name: "characters of several bytes", stream: "data: håll → 🏁\n\n", events: [event("håll → 🏁")]),
    ]

    @Test(arguments: cases)
    func `a stream becomes the events of the standard, however it is cut`(given: Case) throws {
        let bytes = Array(given.stream.utf8)
        for size in [bytes.count, 1, 2, 3, 5, 7] {
            var parser = ServerSentEventParser()
            var events: [ServerSentEvent] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                events += try parser.read(Array(bytes[start..<min(bytes.count, start + size)]))
            }
            #expect(events == given.events, "\(given.name), in pieces of \(size)")
            #expect(parser.lastEventID == given.lastEventID, "\(given.name), in pieces of \(size)")
            #expect(parser.retry == given.retry, "\(given.name), in pieces of \(size)")
        }
    }

    @Test func `any two cuts give the same events`() throws {
        let stream = Array("\u{FEFF}retry: 10\r\n: c\rid: 1\r\ndata: å\rdata: 🏁\r\n\r\nevent: x\n\ndata:\r\n\r\n".utf8)
        var whole = ServerSentEventParser()
        let expected = try whole.read(stream)
        #expect(expected.count == 2)
        for first in 0...stream.count {
            for second in first...stream.count {
                var parser = ServerSentEventParser()
                let events =
                    try parser.read(Array(stream[..<first])) + parser.read(Array(stream[first..<second]))
                    + parser.read(Array(stream[second...]))
                #expect(events == expected, "cut at \(first) and \(second)")
            }
        }
    }

    @Test func `bytes that are no UTF-8 are replaced, not refused`() throws {
        var parser = ServerSentEventParser()
        #expect(try parser.read(Array("data: a".utf8) + [0xFF] + Array("b\n\n".utf8)).map(\.data) == ["a\u{FFFD}b"])
    }

    @Test func `a new response goes on from the last id`() throws {
        var parser = ServerSentEventParser(lastEventID: "41")
        #expect(try parser.read(Array("data: gap\n\nid: 42\ndata: a\n\n".utf8)).map(\.id) == ["41", "42"])
    }

    @Test(arguments: [["data: 12345"], ["data: 1\n", "data: 2\n", "data: 34"]])
    func `an event beyond the limit is refused`(pieces: [String]) throws {
        var parser = ServerSentEventParser(limitBytes: 10)
        #expect(throws: HTTPError.tooLarge(limitBytes: 10)) {
            for piece in pieces { _ = try parser.read(Array(piece.utf8)) }
        }
        var just = ServerSentEventParser(limitBytes: 11)
        #expect(try just.read(Array("data: 12345\n\ndata: 12345\n\n".utf8)).count == 2)
    }
}
