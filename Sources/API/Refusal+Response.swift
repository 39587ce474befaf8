import HTTP

extension APIServer {
    /// Renders what HTTP refuses before any call sees it.
    static func refusal(_ reason: RefusalReason, limits: Limits) -> Response {
        switch reason {
        case .malformed(let fault):
            var response = Problem.malformedHead(fault.rawValue).response
            response.closesConnection = true
            return response
        case .transferEncoding: return Problem.transferEncoding.response
        case .tooManyConnections, .tooManyStreams: return Problem.busy.response
        case .internalError: return Problem.internalError.response
        }
    }
}
