import HTTP
import Jobs

extension APIServer {
    /// `POST /api/v1/runs/{id}/token`: a URL for a browser's `EventSource`, which cannot send a key.
    func issueToken(_ id: [UInt8], _ request: borrowing Request, _ exchange: consuming Exchange) {
        let lifetime = Self.lifetime(exchange.caller.bodyProblem == nil ? request.body() : [])
        withRun(id, exchange) { [self] job, exchange in
            switch lifetime {
            case .failure(let problem): exchange.refuse(problem)
            case .success(let seconds): issue(job, seconds, exchange)
            }
        }
    }

    private func issue(_ job: Job, _ seconds: Int, _ exchange: consuming Exchange) {
        let expiry = context.clock() + .seconds(seconds)
        let token = context.settings.tokens.issue(for: job.id, until: expiry)
        var json = JSONText()
        json.raw("{\"token\": \"\(token)\", \"expires_at\": ")
        json.time(expiry)
        json.raw(", \"stream_url\": ")
        json.string(exchange.caller.base.url("/api/v1/runs/\(job.id)/stream?token=\(token)"))
        json.raw("}")
        exchange.send(201, json.bytes)
    }

    /// The `expires_in` of a body, which may be missing, in seconds.
    private static func lifetime(_ body: [UInt8]) -> Result<Int, Problem> {
        guard !body.isEmpty else { return .success(APILimits.defaultTokenSeconds) }
        let document: JSONDocument
        do { document = try JSONDocument(body) } catch { return .failure(.malformedJSON(error)) }
        guard document.root.kind == .object else { return .failure(.invalid([FieldProblem("", .notAnObject)])) }
        guard let value = document["expires_in"] else { return .success(APILimits.defaultTokenSeconds) }
        guard let seconds = document.integer(value) else { return .failure(.invalid([FieldProblem("expires_in", .mustBeInteger)])) }
        guard APILimits.tokenSeconds.contains(seconds) else {
            return .failure(.invalid([FieldProblem("expires_in", .outside(APILimits.tokenSeconds, zeroMeansDefault: false))]))
        }
        return .success(seconds)
    }
}
