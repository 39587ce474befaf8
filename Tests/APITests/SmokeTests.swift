import Testing

@Suite struct SmokeTests {
    @Test func `a submitted run can be asked about`() throws {
        let api = try TestAPI()
        let job = try api.submit()
        let answer = try api.call("GET", "/api/v1/runs/\(job.id)")
        #expect(answer.status == 200)
        #expect(answer.json["status"] as? String == "queued")
    }
}
