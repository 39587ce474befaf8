import API
import Jobs
import Testing

@Suite struct AuthorizationTests {
    @Test(
        arguments: [
            ("Bearer secret", nil, .allowed), ("bearer   secret", nil, .allowed), (nil, "secret", .allowed),
            ("Basic x", "secret", .allowed),
            ("Bearer wrong", "secret", .allowed), (nil, nil, .noKey), ("Basic secret", nil, .noKey), ("Bearer", nil, .wrongKey),
            ("Bearer secre", nil, .wrongKey), ("Bearer secret2", nil, .wrongKey), (nil, "", .wrongKey), (nil, "Secret", .wrongKey),
            ("Bearer \u{0}", nil, .wrongKey),
        ] as [(String?, String?, Authorization.Verdict)])
    func `the key opens, in either header`(authorization: String?, key: String?, verdict: Authorization.Verdict) {
        #expect(Authorization(apiKey: "secret").check(authorization: authorization, apiKey: key) == verdict)
    }

    @Test func `without a key everybody may call`() {
        let open = Authorization(apiKey: nil)
        #expect(!open.isRequired)
        #expect(open.check(authorization: nil, apiKey: nil) == .allowed)
    }

    @Test func `HMAC-SHA-256 is that of RFC 4231`() {
        let digest = Digest(key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
        let hex = digest.bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        #expect(hex == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(Digest(key: [], message: []).bytes.count == 32)
    }
}

@Suite struct RunTokenTests {
    let run = JobID(bits: 0x4be1_c02a_77d9)
    let other = JobID(bits: 0x4be1_c02a_77d8)
    let now = Timestamp(microseconds: 1_700_000_000_000_000)
    let secret = [UInt8](repeating: 7, count: 32)

    @Test func `a token opens its run until it expires, and nothing else`() {
        let tokens = RunToken(secret: secret, apiKey: "key")
        let token = tokens.issue(for: run, until: now + .seconds(60))
        #expect(tokens.check(token, for: run, now: now) == .allowed)
        #expect(tokens.check(token, for: run, now: now + .microseconds(59_999_999)) == .allowed)
        #expect(tokens.check(token, for: run, now: now + .seconds(60)) == .expired)
        #expect(tokens.check(token, for: other, now: now) == .invalid)
    }

    @Test func `a new API key or another database revokes it`() {
        let token = RunToken(secret: secret, apiKey: "key").issue(for: run, until: now + .seconds(60))
        #expect(RunToken(secret: secret, apiKey: "new").check(token, for: run, now: now) == .invalid)
        #expect(RunToken(secret: secret, apiKey: nil).check(token, for: run, now: now) == .invalid)
        #expect(RunToken(secret: [1], apiKey: "key").check(token, for: run, now: now) == .invalid)
    }

    @Test func `a token with any one bit changed is invalid, its expiry included`() throws {
        let tokens = RunToken(secret: secret, apiKey: nil)
        let bytes = try #require(Base64URL.decode(tokens.issue(for: run, until: now + .seconds(60))))
        for bit in 0..<(bytes.count * 8) {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(tokens.check(Base64URL.encode(changed), for: run, now: now) == .invalid)
        }
        for text in ["", "x", "====", Base64URL.encode(Array(bytes.dropLast())), Base64URL.encode(bytes + [0])] {
            #expect(tokens.check(text, for: run, now: now) == .invalid)
        }
    }

    @Test(
        arguments: [
            ([], ""), ([0], "AA"), ([0xFB], "-w"), ([0xFF, 0xFE], "__4"), ([1, 2, 3], "AQID"), ([0xFB, 0xEF, 0xBE, 0xFF], "----_w"),
        ] as [([UInt8], String)])
    func `base64url goes both ways`(bytes: [UInt8], text: String) {
        #expect(Base64URL.encode(bytes) == text)
        #expect(Base64URL.decode(text) == bytes)
    }

    @Test(arguments: ["A", "AB", "AA=", "A+", "A/", "AA A", "-x", "AAAAA"])
    func `other spellings of base64url are none`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }
}

@Suite struct HostTests {
    @Test(arguments: [
        ("127.0.0.1", true), ("127.0.0.1:8005", true), ("[::1]:8005", true), ("[::1]", true), ("192.168.1.7", true), ("localhost", true),
        ("LOCALHOST:80", true), ("runs.example", true), ("RUNS.example:443", true), ("pinned.example:8005", true),
        ("pinned.example:80", false), ("pinned.example", false), ("evil.example", false), ("127.0.0.1.evil.example", false),
        ("localhost.evil.example", false), ("", false), ("127.1", false), ("2130706433", false), ("::1", false), ("[::1", false),
        ("[::1]x", false), ("[127.0.0.1]", false), ("a@localhost", false), ("localhost:", false), ("localhost:99999", false),
        ("localhost:8x", false), ("localhost/", false), ("[fe80::1%25eth0]", false),
    ])
    func `without a key only known names are answered`(host: String, allowed: Bool) throws {
        let rules = try HostRules(["runs.example", "pinned.example:8005"])
        #expect((Authority(host).map { rules.allows($0) } ?? false) == allowed)
    }

    @Test func `a list with something that is no host is refused`() {
        #expect(throws: SettingError.noHost("http://x")) { try HostRules(["http://x"]) }
        #expect(throws: SettingError.noOrigin("x.example")) { try OriginRules(["x.example"]) }
        #expect(throws: SettingError.noAddressRange("10.0.0.0/33")) { try TrustedProxies(["10.0.0.0/33"]) }
    }

    @Test(
        arguments: [
            ("192.0.2.9", ["10.0.0.1"], "192.0.2.9"), ("10.0.0.1", [], "10.0.0.1"), ("10.0.0.1", ["192.0.2.9"], "192.0.2.9"),
            ("10.0.0.1", ["203.0.113.7, 192.0.2.9"], "192.0.2.9"), ("10.0.0.1", ["192.0.2.9, 10.0.0.2"], "192.0.2.9"),
            ("10.0.0.1", ["192.0.2.9", "10.0.0.2"], "192.0.2.9"), ("10.0.0.1", ["unknown"], "10.0.0.1"), ("10.0.0.1", [""], "10.0.0.1"),
        ] as [(String, [String], String)])
    func `a client does not choose the address that the log gives for it`(peer: String, forwarded: [String], client: String) throws {
        #expect(try TrustedProxies(["10.0.0.0/8"]).client(peer: peer, forwardedFor: forwarded) == client)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.0.0.0/8", "::ffff:10.1.1.1", true),
        ("192.168.1.128/25", "192.168.1.127", false), ("192.168.1.128/25", "192.168.1.129", true), ("0.0.0.0/0", "8.8.8.8", true),
        ("0.0.0.0/0", "::1", false), ("::1", "::1", true), ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false),
        ("127.0.0.1", "127.0.0.1", true), ("127.0.0.1", "127.0.0.2", false), ("127.0.0.1", "", false), ("127.0.0.1", "unix", false),
    ])
    func `a range holds its addresses`(range: String, address: String, holds: Bool) throws {
        #expect(try TrustedProxies([range]).contains(address) == holds)
    }

    @Test(
        arguments: [
            ("api.example", nil, nil, "http://api.example"), (nil, nil, nil, "http://127.0.0.1:8005"),
            ("a.example:81", "https", nil, "https://a.example:81"), ("a", "HTTPS", "b.example", "https://b.example"),
            ("a", "gopher", "b.example:8443, c", "http://b.example:8443"), ("a", "https, http", "x y", "https://a"),
            ("[::1]:9", nil, nil, "http://[::1]:9"), ("a\"b", nil, nil, "http://127.0.0.1:8005"),
        ] as [(String?, String?, String?, String)])
    func `URLs in answers are those that the caller can use`(host: String?, proto: String?, forwardedHost: String?, url: String) throws {
        let own = try #require(Authority("127.0.0.1:8005"))
        #expect(BaseURL(host: host.flatMap { Authority($0) }, forwarded: (proto, forwardedHost), own: own).url("") == url)
    }
}

@Suite struct OriginTests {
    private func rules(_ list: String...) throws -> OriginRules { try OriginRules(list) }

    @Test(
        arguments: [
            (nil, "h.example:8005", true), ("http://h.example:8005", "h.example:8005", true),
            ("https://h.example:8005", "h.example:8005", true),
            ("https://h.example", "h.example", true), ("https://h.example", "h.example:443", true),
            ("http://h.example:80", "h.example", true),
            ("http://h.example", "h.example:8005", false), ("http://h.example:8006", "h.example:8005", false), ("null", "h.example", false),
            ("", "h.example", false), ("http://evil.example", "h.example", false), ("http://h.example.evil", "h.example", false),
            ("HTTP://H.EXAMPLE", "h.example", true), ("http://h.example/", "h.example", false), ("http://[::1]:8005", "[::1]:8005", true),
            ("https://listed.example", "h.example", true), ("http://listed.example", "h.example", false),
        ] as [(String?, String, Bool)])
    func `a page may change what its own host serves, or what lists it`(origin: String?, host: String, may: Bool) throws {
        let host = try #require(Authority(host))
        #expect(try rules("https://listed.example/").mayChange(origin: origin, hosts: [host]) == may)
    }

    @Test func `a star opens reads and no changes`() throws {
        let star = try rules("*")
        #expect(!star.mayChange(origin: "http://page.example", hosts: []))
        #expect(star.headers(origin: "http://page.example", isRead: true).contains { $0 == ("Access-Control-Allow-Origin", "*") })
        #expect(star.headers(origin: "http://page.example", isRead: false).isEmpty)
        #expect(star.preflight(origin: "http://page.example", method: "POST", requested: [], allow: ["POST"]).isEmpty)
        let methods = star.preflight(origin: "null", method: "GET", requested: [], allow: ["GET", "HEAD", "DELETE", "OPTIONS"])
        #expect(methods.contains { $0 == ("Access-Control-Allow-Methods", "GET, HEAD") })
    }

    @Test func `a listed origin is echoed and the answer varies by it`() throws {
        let listed = try rules("http://page.example")
        let headers = listed.headers(origin: "http://page.example", isRead: false)
        #expect(headers.contains { $0 == ("Access-Control-Allow-Origin", "http://page.example") })
        #expect(headers.contains { $0 == ("Vary", "Origin") })
        #expect(headers.contains { $0 == ("Access-Control-Allow-Credentials", "true") })
        let foreign = listed.headers(origin: "http://other.example", isRead: true)
        #expect(foreign.map(\.name) == ["Vary"])
        let preflight = listed.preflight(origin: "http://page.example", method: "POST", requested: [], allow: ["GET", "POST"])
        #expect(preflight.first?.value == "GET, POST")
        #expect(try rules().headers(origin: "http://page.example", isRead: true).isEmpty)
    }
}
