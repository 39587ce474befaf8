import HTTP

extension APIServer {
    /// Renders what HTTP refuses before any call sees it; with the headers that let a page read why.
    static func refusal(_ reason: RefusalReason, _ head: RefusedHead, limits: Limits, origins: OriginRules) -> Response {
        var response = problem(reason, limits).response
        response.headers += origins.headers(origin: head.origin, isRead: head.isRead)
        if case .malformed = reason { response.closesConnection = true }
        return response
    }

    private static func problem(_ reason: RefusalReason, _ limits: Limits) -> Problem {
        switch reason {
        case .malformed(.connect): .notImplemented(HeadFault.connect.rawValue)
        case .malformed(let fault): .malformedHead(fault.rawValue)
        case .headTooLarge: .headTooLarge(limitBytes: limits.maxHeaderBytes)
        case .bodyTooLarge: .bodyTooLarge(limitBytes: limits.maxBodyBytes)
        case .transferEncoding: .notImplemented("The only transfer coding that is taken is chunked.")
        case .expectation: .unknownExpectation
        case .timeout: .requestTimeout
        case .tooManyConnections, .tooManyStreams: .busy
        case .replyTimeout: .noAnswerInTime
        case .internalError: .internalError
        }
    }
}
