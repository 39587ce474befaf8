import Jobs

/// Everything that a call can be refused for. `Problem+Text.swift` is the only place where these become words.
package enum Problem: Error, Equatable {
    // 400
    /// What is wrong with the head, in HTTP's words.
    case malformedHead(String)
    case malformedJSON(JSONError)
    case unknownStatus(String)
    case unknownFrom(String)
    case agentFile(AgentFileProblem)
    case alreadyCompleted(JobID, JobStatus)
    // 401, 403
    case unauthorized(CredentialProblem)
    case foreignOrigin(String)
    // 404, 405, 406
    case noRoute
    case noJob(String)
    case wrongMethod(allow: [String])
    case notAcceptable(offers: [String])
    // 409
    case notFinished(JobID, JobStatus, JobCall)
    case alreadyEnded(JobID, JobStatus)
    // 408, 413, 415, 417, 421, 422, 431
    case requestTimeout
    case unknownExpectation
    case bodyTooLarge(limitBytes: Int)
    case notJSON(contentType: String?)
    case misdirected(host: String)
    case invalid([FieldProblem])
    case headTooLarge(limitBytes: Int)
    // 500, 501, 503
    case notImplemented(String)
    case internalError
    case queueFull
    case draining
    case storeUnavailable
    case busy
    case noAnswerInTime
    case notReady(NotReady)
}

/// Why `/ready` says no.
package enum NotReady: Equatable {
    case draining
    /// A loop doesn't turn: its name.
    case loop(String)
    case store
}

/// Why a caller was not let in.
package enum CredentialProblem: Equatable {
    case noKey
    case wrongKey
    case tokenExpired
    case tokenInvalid
}

/// Why an `agent_file` is refused; with the name as it was sent.
package enum AgentFileProblem: Error, Equatable {
    case noRoot
    case notFound(String)
}

/// Calls that want a run that has ended.
package enum JobCall: Equatable {
    case result
    case delete
}

/// One member of a body, or one parameter, that cannot be.
package struct FieldProblem: Equatable {
    /// A JSON Pointer (RFC 6901) into the body; for a parameter or header the member that it stands for.
    package let pointer: String
    /// What is wrong with it.
    package let reason: Reason

    /// What may be wrong with a member.
    package enum Reason: Equatable {
        case notAnObject
        case required
        case blank
        case containsNUL
        case mustBeString
        case notUTF8
        case mustBeObject
        case mustBeInteger
        case outside(ClosedRange<Int>, zeroMeansDefault: Bool)
        case tooLong(limitBytes: Int)
        case notOneOf([String])
        case malformedKey
        case sessionRequired
        case notAWebURL
        case unknownRecipe(String, known: [String])
        case noRecipes(String, problem: String?)
        case recipeNotExecutable(String)
        case noRunner
    }

    /// - Parameters:
    ///   - member: its name in the root object; empty for the body itself.
    ///   - reason: what is wrong with it.
    package init(_ member: String, _ reason: Reason) {
        pointer = member.isEmpty ? "" : "/\(member)"
        self.reason = reason
    }
}

extension Problem {
    // No switch here or in `Problem+Text` has a `default`: a new problem doesn't compile until all of it is said.

    /// The HTTP status.
    package var status: Int { code.rawValue }

    /// The statuses that problems have.
    enum Code: Int {
        case badRequest = 400
        case unauthorized = 401
        case forbidden = 403
        case notFound = 404
        case methodNotAllowed = 405
        case notAcceptable = 406
        case conflict = 409
        case requestTimeout = 408
        case contentTooLarge = 413
        case unsupportedMediaType = 415
        case expectationFailed = 417
        case misdirected = 421
        case unprocessable = 422
        case headTooLarge = 431
        case internalError = 500
        case notImplemented = 501
        case unavailable = 503
    }

    var code: Code {
        switch self {
        case .malformedHead, .malformedJSON, .unknownStatus, .unknownFrom, .agentFile, .alreadyCompleted: .badRequest
        case .unauthorized: .unauthorized
        case .foreignOrigin: .forbidden
        case .noRoute, .noJob: .notFound
        case .wrongMethod: .methodNotAllowed
        case .notAcceptable: .notAcceptable
        case .notFinished, .alreadyEnded: .conflict
        case .requestTimeout: .requestTimeout
        case .unknownExpectation: .expectationFailed
        case .notImplemented: .notImplemented
        case .bodyTooLarge: .contentTooLarge
        case .notJSON: .unsupportedMediaType
        case .misdirected: .misdirected
        case .invalid: .unprocessable
        case .headTooLarge: .headTooLarge
        case .internalError: .internalError
        case .queueFull, .draining, .storeUnavailable, .busy, .noAnswerInTime, .notReady: .unavailable
        }
    }

    /// Whether the connection must not be used again: bytes that arrive later are never read as a request.
    package var closesConnection: Bool {
        switch self {
        case .malformedHead, .requestTimeout, .unknownExpectation, .notImplemented, .bodyTooLarge, .misdirected, .headTooLarge: true
        case .malformedJSON, .unknownStatus, .unknownFrom, .agentFile, .alreadyCompleted, .unauthorized, .foreignOrigin, .noRoute, .noJob,
            .wrongMethod, .notAcceptable, .notFinished, .alreadyEnded, .notJSON, .invalid, .internalError, .queueFull, .draining,
            .storeUnavailable, .busy, .noAnswerInTime, .notReady:
            false
        }
    }

    /// The `application/problem+json` document (RFC 9457).
    package var body: [UInt8] {
        var json = JSONText()
        json.raw("{\"type\": \"about:blank\", \"title\": \"\(title)\", \"status\": \(status), \"detail\": ")
        json.string(detail)
        if case .unauthorized = self { json.raw(", \"error\": \"Unauthorized\"") }
        if case .invalid(let problems) = self {
            json.raw(", \"errors\": [")
            for (index, problem) in problems.enumerated() {
                json.raw(index == 0 ? "{\"pointer\": " : ", {\"pointer\": ")
                json.string(problem.pointer)
                json.raw(", \"detail\": ")
                json.string(problem.detail)
                json.raw("}")
            }
            json.raw("]")
        }
        json.raw("}")
        return json.bytes
    }

    /// Headers besides the body's type and length.
    package var headers: [(name: String, value: String)] {
        switch self {
        case .unauthorized: [("WWW-Authenticate", "Bearer realm=\"runstream\"")]
        case .wrongMethod(let allow): [("Allow", allow.joined(separator: ", "))]
        case .queueFull, .draining, .storeUnavailable, .busy, .noAnswerInTime, .notReady:
            [("Retry-After", "\(APILimits.busyRetryAfterSeconds)")]
        case .notFinished(_, let status, _): status.retryAfterSeconds.map { [("Retry-After", "\($0)")] } ?? []
        case .malformedHead, .malformedJSON, .unknownStatus, .unknownFrom, .agentFile, .alreadyCompleted, .foreignOrigin, .noRoute, .noJob,
            .notAcceptable, .alreadyEnded, .requestTimeout, .unknownExpectation, .notImplemented, .bodyTooLarge, .notJSON, .misdirected,
            .invalid, .headTooLarge,
            .internalError:
            []
        }
    }
}
