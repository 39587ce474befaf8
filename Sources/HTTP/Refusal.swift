/// Why a request gets no handler; the connection is closed behind the answer.
package enum RefusalReason: Sendable, Equatable {
    /// The head is not what RFC 9112 allows, or not what we take: 400, and 501 for CONNECT.
    case malformed(HeadFault)
    /// The head is over its limit: 431.
    case headTooLarge
    /// The body is over its limit: 413.
    case bodyTooLarge
    /// The body comes in a transfer coding other than chunked: 501.
    case transferEncoding
    /// `Expect` says something else than `100-continue`: 417.
    case expectation
    /// The request did not come in time: 408.
    case timeout
    /// No connection, or no stream, is left: 503.
    case tooManyConnections
    case tooManyStreams
    /// What the reply waited for did not come in time: 503.
    case replyTimeout
    /// A handler dropped its reply: 500.
    case internalError

    /// The status of the answer.
    package var status: Int {
        switch self {
        case .malformed(.connect): 501
        case .malformed: 400
        case .headTooLarge: 431
        case .bodyTooLarge: 413
        case .transferEncoding: 501
        case .expectation: 417
        case .timeout: 408
        case .tooManyConnections, .tooManyStreams, .replyTimeout: 503
        case .internalError: 500
        }
    }
}

/// What is wrong with a request's head.
package enum HeadFault: String, Sendable, CaseIterable {
    case version = "The HTTP version must be 1.0 or 1.1."
    case target = "The request target must be a path that begins with '/', in visible ASCII, without '#'."
    case controlByte = "A NUL or other control byte in the head."
    case lineEnd = "Lines of the head must end with CR LF."
    case fold = "A header line must not begin with white space."
    case headerName = "A header name must be a token, with the colon right behind it."
    case headerValue = "A header value must not contain control bytes."
    case host = "There must be exactly one valid Host header."
    case contentLength = "Content-Length must be a single number."
    case framing = "Transfer-Encoding must be chunked, given once, and without Content-Length."
    case chunk = "A chunk must be a size of hex digits, CR LF, the data, CR LF; trailers are not taken."
    case connect = "CONNECT is for proxies."
    case unexpectedBody = "HEAD and TRACE requests have no body."
}
