import API
import Foundation
import Locking
import Testing

/// Which submits are the same submit, and which only look so.
@Suite struct IdempotencyTests {
    /// Submits with a key of these bytes in the header; the answer's run.
    private func submit(_ api: TestAPI, key: [UInt8]) throws -> String? {
        let body = #"{"prompt": "x"}"#
        let head = api.request("POST", "/api/v1/runs", bodyCount: body.utf8.count)
        let client = try RawClient(port: api.port)
        client.send(Array(head.utf8.dropLast(2)) + Array("Idempotency-Key: ".utf8) + key + Array("\r\n\r\n\(body)".utf8))
        let answer = try Answer(client)
        #expect(answer.status == 202)
        return answer.json["job_id"] as? String
    }

    @Test func `two keys in latin-1 do not share a run`() throws {
        let api = try TestAPI()
        let text = Array("rechnung-".utf8)
        let keys: [[UInt8]] = [
            text + [0x6D, 0xFC] + Array("ller".utf8), text + [0x6D, 0xF6] + Array("ller".utf8), Array("rechnung-m\u{FFFD}ller".utf8),
            Array("rechnung-m\u{FC}ller".utf8), Array("rechnung-mu\u{308}ller".utf8),
        ]
        let runs = try keys.map { try #require(try submit(api, key: $0)) }
        #expect(Set(runs).count == keys.count)
        #expect(try keys.map { try submit(api, key: $0) } == runs)
        #expect(try submit(api, key: [0x22] + keys[0] + [0x22]) == runs[0])
    }

    @Test func `the header and the member with the same text are one key`() throws {
        let api = try TestAPI()
        let run = try submit(api, key: Array("m\u{FC}ller".utf8))
        for (member, isSame) in [("m\\u00fcller", true), ("m\\u00f6ller", false)] {
            let answer = try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x", "idempotency_key": "\#(member)"}"#)
            #expect((answer.json["job_id"] as? String == run) == isSame, "\(member)")
        }
    }

    @Test func `a key over 255 bytes is refused, UTF-8 or not`() throws {
        let api = try TestAPI()
        let body = #"{"prompt": "x"}"#
        let head = api.request("POST", "/api/v1/runs", bodyCount: body.utf8.count)
        let client = try RawClient(port: api.port)
        let key = [UInt8](repeating: 0xFC, count: 256)
        client.send(Array(head.utf8.dropLast(2)) + Array("Idempotency-Key: ".utf8) + key + Array("\r\n\r\n\(body)".utf8))
        let answer = try Answer(client)
        #expect(answer.status == 422 && answer.pointers == ["/idempotency_key"])
    }

    @Test func `a session whose bytes are not UTF-8 does not list another one`() throws {
        let api = try TestAPI()
        _ = try api.submit(#"{"prompt": "x", "session_id": "m\ufffdller"}"#)
        #expect(try api.call("GET", "/api/v1/runs?session_id=m%EF%BF%BDller").json["total"] as? Int == 1)
        let latin = try api.call("GET", "/api/v1/runs?session_id=m%FCller")
        #expect(latin.status == 422 && latin.pointers == ["/session_id"])
    }

    @Test func `a run whose id is taken draws another one`() throws {
        let bits = Lock<[UInt64]>([9, 5, 5, 5])
        let api = try TestAPI(.init(random: RandomSource { bits.withLock { $0.popLast() ?? 5 } }))
        let first = try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x", "session_id": "a"}"#)
        #expect(first.json["job_id"] as? String == "run_000000000005")
        let second = try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x", "session_id": "b"}"#)
        #expect(second.status == 202)
        #expect(second.json["job_id"] as? String == "run_000000000009")
        // A generator that always says the same: the server gives up, and does not say that the queue is full.
        let third = try api.call("POST", "/api/v1/runs", body: #"{"prompt": "x", "session_id": "c"}"#)
        #expect(third.status == 500)
        #expect(try api.call("GET", "/api/v1/runs/run_000000000005").json["session_id"] as? String == "a")
        #expect(try api.call("GET", "/api/v1/runs").json["total"] as? Int == 2)
    }
}
