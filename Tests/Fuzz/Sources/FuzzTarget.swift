import API
import HTTP
import HTTPClient
import Jobs
import Runners
import Support

/// One parser of bytes from outside, with what must hold whatever they are. A broken property stops the process, as a trap does.
enum FuzzTarget: String, CaseIterable {
    case head
    case request
    case accept
    case query
    case names
    case json
    case submit
    case line
    case result
    case sse
    case token
    case time
    case frames

    func run(_ bytes: [UInt8]) {
        switch self {
        case .head: Self.head(bytes)
        case .request: Self.request(bytes)
        case .accept: Self.accept(String(decoding: bytes, as: UTF8.self))
        case .query: Self.query(String(decoding: bytes, as: UTF8.self))
        case .names: Self.names(String(decoding: bytes, as: UTF8.self))
        case .json: Self.json(bytes)
        case .submit: Self.submit(bytes)
        case .line: Self.line(bytes)
        case .result: Self.result(bytes)
        case .sse: Self.sse(bytes)
        case .token: Self.token(bytes)
        case .time: Self.time(bytes)
        case .frames: Self.frames(bytes)
        }
    }

    /// The bytes in two pieces, at a place that they themselves choose, and in single bytes.
    private static func cuts(_ bytes: [UInt8]) -> [[ArraySlice<UInt8>]] {
        let place = bytes.isEmpty ? 0 : bytes.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % bytes.count
        return [[bytes[..<place], bytes[place...]], bytes.indices.map { bytes[$0...$0] }]
    }

    private static func head(_ bytes: [UInt8]) {
        let whole = HeadProbe.fault(in: [bytes[...]])
        for pieces in cuts(bytes) { precondition(HeadProbe.fault(in: pieces) == whole, "a head's verdict depends on how it is cut") }
    }

    private static func request(_ bytes: [UInt8]) {
        let whole = RequestProbe.read([bytes[...]])
        for pieces in cuts(bytes) {
            let cut = RequestProbe.read(pieces)
            precondition(cut.verdict == whole.verdict && cut.body == whole.body, "a request's verdict depends on how it is cut")
        }
        // A body of ours, in chunks whose sizes the bytes choose, comes out as it went in.
        var text = Array("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        let body = bytes.prefix(RequestProbe.limitBytes)
        var rest = body
        while let first = rest.first {
            let chunk = rest.prefix(Int(first % 64) + 1)
            text += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [0x0D, 0x0A]
            rest = rest.dropFirst(chunk.count)
        }
        text += Array("0\r\n\r\n".utf8)
        precondition(RequestProbe.read([text[...]]).body == Array(body), "a chunked body that changes")
    }

    private static func accept(_ text: String) {
        let offers = ["application/json", "text/event-stream"]
        let accept = Accept([text])
        for offer in offers { precondition((0...1000).contains(accept.weight(of: offer)), "a weight outside 0...1000") }
        precondition(accept.choose(offers).map { accept.weight(of: $0) > 0 } ?? true, "an unwanted type was chosen")
        _ = Accept(text.split(separator: "\n").map { String($0) }).choose(offers)
    }

    private static func query(_ text: String) {
        let parts = text.split(separator: "&", omittingEmptySubsequences: false).map { String($0) }
        func part(_ index: Int) -> String? { index < parts.count ? parts[index] : nil }
        let query = ListQuery(status: part(0), sessionID: part(1).map { Array($0.utf8) }, page: part(2), pageSize: part(3))
        if let filter = try? query.filter() {
            precondition(filter.page >= 1 && (1...100).contains(filter.pageSize), "a page that cannot be")
            _ = query.links(filter, total: 1_000, base: "http://x")
        }
        _ = StreamCursor(header: part(0), query: part(1))
        let digits = text.utf8.filter { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, digits.count < 19 else { return }
        let number = String(decoding: digits, as: UTF8.self)
        precondition(StreamCursor(number)?.sequence == UInt64(number), "a cursor that is read wrongly")
    }

    private static func names(_ text: String) {
        if let authority = Authority(text) { precondition(Authority(authority.text) == authority, "an authority that changes") }
        if let origin = Origin(text) { _ = origin.isServed(by: origin.authority) }
        if let range = AddressRange(text), let address = IPAddress(text) { precondition(range.contains(address), "not in itself") }
        _ = ContentType.isJSON(text)
        _ = try? IdempotencyHeader.key(Array(text.utf8))
    }

    private static func json(_ bytes: [UInt8]) {
        guard let document = try? JSONDocument(bytes) else { return }
        if document.root.kind == .string { _ = document.text(document.root) }
        if let number = document.integer(document.root), let again = try? JSONDocument(Array("\(number)".utf8)) {
            precondition(again.integer(again.root) == number, "an integer that changes")
        }
        let once = document.respaced(document.root)
        guard let again = try? JSONDocument(Array(once.utf8)) else { preconditionFailure("re-spaced JSON isn't JSON") }
        precondition(again.respaced(again.root) == once, "re-spacing twice changes something")
    }

    private static func submit(_ bytes: [UInt8]) {
        let rules = SubmitRules(recipes: nil, hasRunner: true, agentRoot: nil, defaultTimeout: 60, defaultMaxAttempts: 1)
        guard let order = try? SubmitDecoder.decode(bytes, keyHeader: nil, rules: rules) else { return }
        precondition((1...2_592_000).contains(order.timeout) && (1...20).contains(order.maxAttempts), "a bound was passed")
    }

    private static func line(_ bytes: [UInt8]) {
        let whole = lines([bytes[...]])
        for pieces in cuts(bytes) { precondition(lines(pieces) == whole, "a line depends on how it is cut") }
    }

    private static func lines(_ pieces: [ArraySlice<UInt8>]) -> [[UInt8]] {
        var splitter = LineSplitter()
        var reader = RunnerLine()
        var batch = EventBatch()
        var progress = JobProgress(percentage: "7")
        var found: [[UInt8]] = []
        func take(_ line: RawSpan, _ piece: LineSplitter.Piece) {
            guard piece != .frame else {
                found.append(unsafe line.withUnsafeBytes { unsafe Array(String(decoding: $0, as: UTF8.self).utf8) })
                return
            }
            if case .result(let json) = reader.read(line, progress: &progress, into: &batch) { found.append(json) }
        }
        for piece in pieces where !piece.isEmpty {
            let piece = Array(piece)
            unsafe splitter.feed(piece.span.bytes) { text, _, piece in take(text, piece) }
        }
        splitter.finish { text, _, piece in take(text, piece) }
        for index in 0..<batch.count { found.append(Array(batch.bytes[batch.range(index)])) }
        for json in found { precondition(String(validating: json, as: UTF8.self) != nil, "what is shown isn't UTF-8") }
        return found + [Array("\(progress)".utf8)]
    }

    private static func result(_ bytes: [UInt8]) {
        let json = ResultFile.json(bytes)
        precondition(ResultFile.json(json) == json, "a result that changes when it is read again")
    }

    private static func sse(_ bytes: [UInt8]) {
        let whole = events([bytes[...]])
        for pieces in cuts(bytes) { precondition(events(pieces) == whole, "an event depends on how it is cut") }
    }

    private static func events(_ pieces: [ArraySlice<UInt8>]) -> [String] {
        var parser = ServerSentEventParser(limitBytes: 1 << 20)
        var events: [ServerSentEvent] = []
        for piece in pieces { events += (try? parser.read(Array(piece))) ?? [] }
        return events.map { "\($0)" } + [parser.lastEventID, "\(String(describing: parser.retry))"]
    }

    private static func token(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let decoded = Base64URL.decode(text) { precondition(Base64URL.encode(decoded) == text, "two spellings of one value") }
        precondition(Base64URL.decode(Base64URL.encode(bytes)) == bytes, "base64url loses something")
        guard let run = JobID(utf8: Array("run_0123456789ab".utf8)) else { preconditionFailure("not an id") }
        let tokens = RunToken(secret: Array(repeating: 7, count: 32), apiKey: "key")
        precondition(tokens.check(text, for: run, now: Timestamp(microseconds: 0)) == .invalid, "a token was forged")
    }

    private static func time(_ bytes: [UInt8]) {
        func number(_ index: Int) -> Int64 {
            bytes.dropFirst(index * 8).prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        }
        let (left, right) = (Timestamp(microseconds: number(0)), Timestamp(microseconds: number(1)))
        precondition(left.iso8601.utf8.count == 27, "a time of another length")
        _ = (left - right).inMicroseconds
        _ = left + .seconds(number(1))
        let text = String(decoding: bytes, as: UTF8.self)
        _ = Double(outside: text, in: -1...1).map { Int(outside: $0, clampedTo: 0...1) }
        precondition(Int(outside: text, in: .min ... .max).map { Int(text) == $0 } ?? true, "a number that is read wrongly")
    }

    private static func frames(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { bytes in
            var reader = unsafe FrameReader(bytes)
            var end = 0
            while let frame = unsafe reader.next() {
                precondition(frame.range.lowerBound == end && frame.data.upperBound <= bytes.count, "a frame outside its bytes")
                end = frame.range.upperBound
            }
            if unsafe FrameReader.areWhole(bytes) { precondition(end == bytes.count, "frames that aren't whole") }
        }
    }
}
