import HTTP
import Testing

@Suite struct FuzzTests {
    /// A small generator with a seed that can be printed: SplitMix64.
    struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let requests = [
        "GET /first?a=b HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n",
        "POST /first HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789",
        "HEAD /first HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
        "POST /first HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "PUT /first HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
        "POST /first HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
    ]

    private static let pieces = [
        "\r\n", "\r\n\r\n", "\n", "\r", "\0", " ", "\t", ":", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "HTTP/1.1", "%00",
        "+", "0", "9",
    ]

    private func mutate(_ request: String, _ random: inout Random) -> [UInt8] {
        var bytes = Array(request.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 1..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: Array((Self.pieces.randomElement(using: &random) ?? "").utf8), at: place)
            default: bytes.swapAt(place, Int.random(in: 1..<bytes.count, using: &random))
            }
        }
        return bytes
    }

    @Test func `no mutation of a request makes the one behind it run, and the server lives`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Random(state: seed)
        let server = try TestServer()
        for round in 0..<1_500 {
            let bytes = mutate(Self.requests[round % Self.requests.count], &random)
            let client = try RawClient(port: server.port)
            client.send(bytes + Array(SmugglingTests.smuggled.utf8))
            client.endSending()
            _ = client.receiveAll()
            let ran = server.seen.withLock { lines in
                defer { lines = [] }
                return lines
            }
            #expect(ran.count <= 1 && !ran.contains("GET /smuggled"), "seed \(seed), round \(round): \(bytes) ran \(ran)")
        }
        #expect(try RawClient.exchange(server.port, "GET /alive HTTP/1.0\r\n\r\n").hasSuffix("GET /alive - 0"))
        #expect(eventually { server.counters.connections.value == 0 })
    }
}
