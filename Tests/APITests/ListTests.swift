import API
import Foundation
import Jobs
import Testing

@Suite struct ListTests {
    @Test func `runs are listed newest first, by page`() throws {
        let api = try TestAPI()
        let ids = try (0..<5).map { _ in
            api.advance(.seconds(1))
            return try api.submit().id.description
        }
        let page = try api.call("GET", "/api/v1/runs?page=2&page_size=2")
        #expect(page.status == 200)
        #expect(page.json["total"] as? Int == 5)
        #expect(page.json["page"] as? Int == 2)
        #expect(page.json["page_size"] as? Int == 2)
        let jobs = try #require(page.json["jobs"] as? [[String: Any]])
        #expect(jobs.map { $0["job_id"] as? String } == [ids[2], ids[1]])
        #expect(jobs[0]["progress"] != nil)
        let all = try #require(try api.call("GET", "/api/v1/runs").json["jobs"] as? [[String: Any]])
        #expect(all.map { $0["job_id"] as? String } == ids.reversed())
    }

    @Test func `status and session filter, and pending is queued`() throws {
        let api = try TestAPI()
        let queued = try api.submit(#"{"prompt": "x", "session_id": "a b&c"}"#)
        _ = try api.finished()
        for status in ["queued", "pending"] {
            let answer = try api.call("GET", "/api/v1/runs?status=\(status)")
            #expect(answer.json["total"] as? Int == 1)
            #expect((answer.json["jobs"] as? [[String: Any]])?.first?["job_id"] as? String == queued.id.description)
        }
        let session = try api.call("GET", "/api/v1/runs?session_id=a+b%26c")
        #expect(session.json["total"] as? Int == 1)
        #expect(session["Link"]?.contains("?session_id=a%20b%26c&page=1&page_size=20>; rel=\"first\"") == true)
        #expect(try api.call("GET", "/api/v1/runs?session_id=none").json["total"] as? Int == 0)
        #expect(try api.call("GET", "/api/v1/runs?status=&session_id=&page=&page_size=").json["total"] as? Int == 2)
    }

    @Test(arguments: [
        ("status=done", 400), ("status=QUEUED", 400), ("page=0", 422), ("page=-1", 422), ("page=x", 422), ("page=1.5", 422),
        ("page=99999999999999999999", 422), ("page_size=0", 422), ("page_size=101", 422), ("page_size=x", 422), ("page_size=100", 200),
        ("page=1000", 200),
    ])
    func `a page that cannot be is refused`(query: String, status: Int) throws {
        #expect(try TestAPI().call("GET", "/api/v1/runs?\(query)").status == status)
    }

    @Test(arguments: [
        (0, 1, 20, "first1 last1"), (20, 1, 20, "first1 last1"), (21, 1, 20, "first1 next2 last2"), (21, 2, 20, "first1 prev1 last2"),
        (100, 3, 10, "first1 prev2 next4 last10"), (5, 9, 2, "first1 prev3 last3"),
    ])
    func `links lead to the pages that exist`(total: Int, page: Int, size: Int, expected: String) throws {
        let query = ListQuery(status: "pending", sessionID: nil, page: "\(page)", pageSize: "\(size)")
        let links = query.links(try query.filter(), total: total, base: "http://h/r").components(separatedBy: ", ")
        let found = links.map { link in
            let name = link.split(separator: "\"")[1]
            let number = link.split(separator: "&")[1].split(separator: "=")[1]
            #expect(link.hasPrefix("<http://h/r?status=queued&page=\(number)&page_size=\(size)>; rel="))
            return "\(name)\(number)"
        }
        #expect(found.joined(separator: " ") == expected)
    }

    @Test func `a list has absolute links, whatever proxy is in front`() throws {
        let api = try TestAPI(.init(trustedProxies: ["127.0.0.0/8"]))
        let headers = ["X-Forwarded-Proto": "https", "X-Forwarded-Host": "runs.example"]
        #expect(try api.call("GET", "/api/v1/runs", headers)["Link"]?.hasPrefix("<https://runs.example/api/v1/runs?page=1") == true)
        let untrusted = try TestAPI()
        #expect(try untrusted.call("GET", "/api/v1/runs", headers)["Link"]?.hasPrefix("<http://127.0.0.1:\(untrusted.port)/") == true)
    }
}
