import HTTP
import Testing

/// Everything that evhttp's parser lets through and that could make a second request out of a first one's bytes.
@Suite struct SmugglingTests {
    struct Attack: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: String
        /// What may be answered; evhttp's own short page or ours.
        var statuses: Set<Int> = [400]
        var testDescription: String { name }
    }

    static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

    static func post(_ headers: String, _ body: String = "") -> String { "POST /first HTTP/1.1\r\nHost: h\r\n\(headers)\r\n\(body)" }

    static let attacks: [Attack] = [
        Attack(name: "two Content-Length, the first wins", bytes: post("Content-Length: 0\r\nContent-Length: \(smuggled.utf8.count)\r\n")),
        Attack(name: "two equal Content-Length", bytes: post("Content-Length: 0\r\nContent-Length: 0\r\n")),
        Attack(name: "Transfer-Encoding: gzip", bytes: post("Transfer-Encoding: gzip\r\n"), statuses: [501]),
        Attack(name: "Transfer-Encoding: xchunked", bytes: post("Transfer-Encoding: xchunked\r\n"), statuses: [501]),
        Attack(name: "Transfer-Encoding: identity", bytes: post("Transfer-Encoding: identity\r\n"), statuses: [501]),
        Attack(
            name: "Transfer-Encoding and Content-Length", bytes: post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n")),
        Attack(
            name: "Transfer-Encoding twice", bytes: post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
            statuses: [400]),
        Attack(name: "Transfer-Encoding with a space before the colon", bytes: post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")),
        Attack(name: "Content-Length with a space before the colon", bytes: post("Content-Length : 30\r\n")),
        Attack(name: "Content-Length with a tab before the colon", bytes: post("Content-Length\t: 30\r\n")),
        Attack(name: "HEAD with a body", bytes: "HEAD /first HTTP/1.1\r\nHost: h\r\nContent-Length: \(smuggled.utf8.count)\r\n\r\n"),
        Attack(name: "TRACE with a body", bytes: "TRACE /first HTTP/1.1\r\nHost: h\r\nContent-Length: \(smuggled.utf8.count)\r\n\r\n"),
        Attack(name: "Content-Length: +0", bytes: post("Content-Length: +0\r\n")),
        Attack(name: "Content-Length: tab and 0", bytes: post("Content-Length: \t0\r\n")),
        Attack(name: "Content-Length: -0", bytes: post("Content-Length: -0\r\n")),
        Attack(name: "Content-Length: 0x0", bytes: post("Content-Length: 0x0\r\n")),
        Attack(name: "Content-Length: 0, 0", bytes: post("Content-Length: 0, 0\r\n")),
        Attack(name: "Content-Length: empty", bytes: post("Content-Length:\r\n")),
        Attack(name: "Content-Length of 19 zeros", bytes: post("Content-Length: 0000000000000000000\r\n")),
        Attack(name: "an empty header name", bytes: post(": x\r\n")),
        Attack(name: "a header name with a space in it", bytes: post("Content Length: 5\r\n")),
        Attack(name: "a header line without a colon", bytes: post("Content-Length\r\n")),
        Attack(name: "no Host", bytes: "GET /first HTTP/1.1\r\n\r\n"),
        Attack(name: "two Hosts", bytes: "GET /first HTTP/1.1\r\nHost: h\r\nHost: evil\r\n\r\n"),
        Attack(name: "an empty Host", bytes: "GET /first HTTP/1.1\r\nHost:\r\n\r\n"),
        Attack(name: "a Host with user information", bytes: "GET /first HTTP/1.1\r\nHost: a@b\r\n\r\n"),
        Attack(name: "a list of Hosts", bytes: "GET /first HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        Attack(name: "a Host with a path", bytes: "GET /first HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        Attack(name: "HTTP/-1.1", bytes: "GET /first HTTP/-1.1\r\nHost: h\r\n\r\n"),
        Attack(name: "HTTP/1.-1", bytes: "GET /first HTTP/1.-1\r\nHost: h\r\n\r\n"),
        Attack(name: "HTTP/2.0", bytes: "GET /first HTTP/2.0\r\nHost: h\r\n\r\n"),
        Attack(name: "HTTP/1.2", bytes: "GET /first HTTP/1.2\r\nHost: h\r\n\r\n"),
        Attack(name: "HTTP/0.9", bytes: "GET /first\r\n"),
        Attack(name: "a space in the URI", bytes: "GET /first HTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n"),
        Attack(name: "two spaces before the URI", bytes: "GET  /first HTTP/1.1\r\nHost: h\r\n\r\n"),
        Attack(name: "a tab in the URI", bytes: "GET /first\tHTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n"),
        Attack(name: "a fragment in the URI", bytes: "GET /first#x HTTP/1.1\r\nHost: h\r\n\r\n"),
        Attack(name: "an absolute URI", bytes: "GET http://evil/first HTTP/1.1\r\nHost: h\r\n\r\n"),
        Attack(name: "raw UTF-8 in the URI", bytes: "GET /é HTTP/1.1\r\nHost: h\r\n\r\n"),
        Attack(name: "a folded header", bytes: post("X: a\r\n Content-Length: 5\r\n")),
        Attack(name: "a folded Content-Length", bytes: post("Content-Length:\r\n 0\r\n")),
        Attack(name: "a header folded with a tab", bytes: post("X: a\r\n\tb\r\n")),
        Attack(name: "a fold behind the request line", bytes: "GET /first HTTP/1.1\r\n Host: h\r\n\r\n"),
        Attack(name: "bare LF behind the request line", bytes: "GET /first HTTP/1.1\nHost: h\r\n\r\n"),
        Attack(name: "bare LF behind a header", bytes: "GET /first HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"),
        Attack(name: "an empty line of bare LF", bytes: "GET /first HTTP/1.1\r\nHost: h\r\n\n"),
        Attack(name: "bare CR in a header", bytes: "GET /first HTTP/1.1\r\nHost: h\r\nX: a\rContent-Length: 5\r\n\r\n"),
        Attack(name: "an empty line of two CR", bytes: "GET /first HTTP/1.1\r\nHost: h\r\n\r\r\n\r\n"),
        Attack(name: "NUL in a value", bytes: post("Content-Length: 0\u{0}5\r\n")),
        Attack(name: "NUL in a Host", bytes: "GET /first HTTP/1.1\r\nHost: h\u{0}evil\r\n\r\n"),
        Attack(name: "NUL in a name", bytes: post("Content-Length\u{0}X: 0\r\n")),
        Attack(name: "NUL in the URI", bytes: "GET /first\u{0}x HTTP/1.1\r\nHost: h\r\n\r\n"),
        Attack(name: "a line that begins with NUL", bytes: post("X: y\r\n\u{0}Z: z\r\n")),
        Attack(name: "a line of NUL alone", bytes: "GET /first HTTP/1.1\r\nHost: h\r\n\u{0}\r\n"),
        Attack(name: "a control byte in a value", bytes: post("X: a\u{1}b\r\n")),
        Attack(name: "a DEL in a value", bytes: post("X: a\u{7F}b\r\n")),
        Attack(name: "chunk size 0x5", bytes: post("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n")),
        Attack(name: "chunk size +5", bytes: post("Transfer-Encoding: chunked\r\n", "+5\r\nhello\r\n0\r\n\r\n")),
        Attack(
            name: "chunk size with junk", bytes: post("Transfer-Encoding: chunked\r\n", " 5 junk\r\nhello\r\n0\r\n\r\n")),
        Attack(name: "no CRLF behind a chunk", bytes: post("Transfer-Encoding: chunked\r\n", "5\r\nhello0\r\n\r\n")),
        Attack(name: "CONNECT", bytes: "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", statuses: [501]),
        Attack(name: "CONNECT without a valid authority", bytes: "CONNECT a@b@c:x HTTP/1.1\r\n", statuses: [400, 501]),
        Attack(
            name: "CONNECT with a body", bytes: "CONNECT h:80 HTTP/1.1\r\nHost: h\r\nContent-Length: \(smuggled.utf8.count)\r\n\r\n",
            statuses: [501]),
        Attack(name: "an unknown expectation", bytes: post("Expect: 200-ok\r\nContent-Length: 1\r\n", "x"), statuses: [417]),
        Attack(name: "an empty request line", bytes: "\r\nGET /first HTTP/1.1\r\nHost: h\r\n\r\n"),
        Attack(name: "garbage", bytes: "\u{16}\u{3}\u{1}hello\r\n\r\n"),
    ]

    @Test(arguments: attacks) func `bytes behind it are not read as a request when they come along with it`(_ attack: Attack) throws {
        let server = try TestServer()
        let answer = try RawClient.exchange(server.port, attack.bytes + Self.smuggled)
        try expectOneRefusal(answer, attack, server)
    }

    @Test(arguments: attacks) func `bytes behind it are not read as a request when they come later`(_ attack: Attack) throws {
        let server = try TestServer()
        let client = try RawClient(port: server.port)
        client.send(attack.bytes)
        // Some need more before they are answered; all bytes arrive one by one, so that every state of the scanner is seen.
        for byte in Self.smuggled.utf8 { client.send([byte]) }
        try expectOneRefusal(client.receiveAll(), attack, server)
    }

    private func expectOneRefusal(_ answer: String, _ attack: Attack, _ server: TestServer) throws {
        let seen = server.seen.withLock { $0 }
        #expect(seen.isEmpty, "a handler ran")
        // A client that goes on sending may lose the answer to the reset, but never gets two.
        let statusLines = answer.split(separator: "\r\n").filter { $0.hasPrefix("HTTP/") }
        #expect(statusLines.count <= 1)
        guard let line = statusLines.first else { return }
        #expect(Int(line.split(separator: " ")[1]).map(attack.statuses.contains) == true, "\(line)")
        #expect(answer.contains("Connection: close\r\n"))
    }

    @Test(arguments: attacks) func `it is answered when it comes alone`(_ attack: Attack) throws {
        let server = try TestServer()
        let client = try RawClient(port: server.port)
        client.send(attack.bytes)
        // What it announces but lacks never comes.
        client.endSending()
        let answer = client.receiveAll()
        #expect(server.seen.withLock { $0 }.isEmpty)
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1."))
    }

    @Test func `requests that look like the attacks and are none are served`() throws {
        let server = try TestServer()
        for (request, expected) in [
            ("GET /x HTTP/1.0\r\n\r\n", "GET /x - 0"),
            ("GET /x?q=%20 HTTP/1.1\r\nhost: [::1]:80\r\nX:\tvalue \r\nConnection: close\r\n\r\n", "GET /x q=%20 0"),
            ("GET /%00 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET /%00 - 0"),
            ("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 005\r\nConnection: close\r\n\r\n\u{0}\n\n\r ", "POST /x - 5"),
            ("DELETE /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nxx", "DELETE /x - 2"),
            ("HEAD /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", ""),
            ("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n", "POST /x - 5"),
            ("BREW /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxx", "PATCH /x - 2"),
            ("get /x HTTP/1.1\r\nHost: h\r\n\r\n", "PATCH /x - 0"),
            ("OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "OPTIONS * - 0"),
            ("GET //x/../y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET //x/../y - 0"),
        ] {
            let answer = try RawClient.exchange(server.port, request)
            #expect(answer.hasPrefix("HTTP/1.\(request.contains("HTTP/1.0") ? 0 : 1) 200 OK\r\n"), "\(request): \(answer)")
            #expect(answer.hasSuffix("\r\n\r\n" + expected))
        }
    }
}
