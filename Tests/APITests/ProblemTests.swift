import API
import Jobs
import Testing

@Suite struct ProblemTests {
    static let run = JobID(bits: 0x4be1_c02a_77d9)

    @Test func `an unknown run is told as the contract tells it`() {
        let body = String(decoding: Problem.noJob(Self.run.description).body, as: UTF8.self)
        #expect(body == #"{"type": "about:blank", "title": "Not Found", "status": 404, "detail": "Job not found: run_4be1c02a77d9"}"#)
    }

    @Test func `a missing key is told in the header and in the member that clients look for`() throws {
        let problem = Problem.unauthorized(.noKey)
        #expect(problem.headers.contains { $0.name == "WWW-Authenticate" && $0.value.hasPrefix("Bearer") })
        let document = try JSONDocument(problem.body)
        #expect(document["error"]?.kind == .string)
    }

    @Test func `an invalid body names each member`() throws {
        let problem = Problem.invalid([
            FieldProblem("prompt", .required), FieldProblem("timeout", .outside(1...9, zeroMeansDefault: true)),
            FieldProblem("", .notAnObject),
        ])
        let text = String(decoding: problem.body, as: UTF8.self)
        #expect(
            text.contains(
                #""errors": [{"pointer": "/prompt", "detail": "is required"}, "#
                    + #"{"pointer": "/timeout", "detail": "must be 1...9, or 0 for the default"}, {"pointer": "", "#
            ))
        #expect(text.contains("3 members are invalid: prompt is required. timeout must be"))
    }

    @Test(arguments: [
        (Problem.malformedHead("A fold."), 400, true), (.malformedJSON(.tooDeep(offset: 9)), 400, false), (.unknownStatus("x"), 400, false),
        (.unknownFrom("y"), 400, false), (.agentFile(.noRoot), 400, false), (.alreadyCompleted(run, .failed), 400, false),
        (.unauthorized(.tokenExpired), 401, false), (.foreignOrigin(""), 403, false), (.noRoute, 404, false), (.noJob("run_"), 404, false),
        (.wrongMethod(allow: ["GET"]), 405, false), (.notAcceptable(offers: ["a/b"]), 406, false),
        (.notFinished(run, .queued, .result), 409, false), (.alreadyEnded(run, .cancelled), 409, false), (.requestTimeout, 408, true),
        (.bodyTooLarge(limitBytes: 9), 413, true), (.notJSON(contentType: nil), 415, false), (.misdirected(host: "evil"), 421, true),
        (.invalid([]), 422, false), (.headTooLarge(limitBytes: 9), 431, true), (.internalError, 500, false), (.queueFull, 503, false),
        (.draining, 503, false), (.storeUnavailable, 503, false), (.busy, 503, false), (.noAnswerInTime, 503, false),
    ])
    func `every problem is one document with its status and a detail`(problem: Problem, status: Int, closes: Bool) throws {
        #expect(problem.status == status)
        #expect(problem.closesConnection == closes)
        let document = try JSONDocument(problem.body)
        #expect(document["status"].flatMap { document.integer($0) } == status)
        #expect(try document.text(#require(document["type"])) == "about:blank")
        #expect(try !document.text(#require(document["title"])).isEmpty)
        #expect(try document.text(#require(document["detail"])).count > 10)
        if status == 503 { #expect(problem.headers.contains { $0.name == "Retry-After" }) }
    }

    @Test func `what a caller sent is echoed short and without control characters`() {
        let detail = Problem.unknownStatus(String(repeating: "x\r\n", count: 1000)).detail
        #expect(detail.count < 400)
        #expect(!detail.contains("\n"))
    }
}
