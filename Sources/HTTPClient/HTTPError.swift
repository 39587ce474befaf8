/// Why there is no answer. The strings are libcurl's own words about this one transfer.
package enum HTTPError: Error, Sendable, Equatable {
    /// The URL cannot be used.
    case badURL(String)
    /// No connection: nothing listens, the name is unknown, the proxy refuses.
    case unreachable(String)
    /// The connection stands, but not its encryption: a certificate that is not trusted, say.
    case tls(String)
    /// No answer in time.
    case timeout(String)
    /// The connection broke; what was sent may have been acted upon.
    case broken(String)
    /// An answer that is not HTTP, or not what was asked for.
    case badResponse(String)
    /// An answer beyond a bound, in bytes.
    case tooLarge(limitBytes: Int)
    /// A stream was refused for good; the answer says why.
    case refused(HTTPResponse)
    /// libcurl itself failed (memory, a missing feature).
    case library(String)
    /// The caller's interrupt arrived.
    case interrupted

    /// Whether the same request may succeed a little later, without anybody's doing.
    package var isPassing: Bool {
        switch self {
        case .unreachable, .timeout, .broken: true
        case .refused(let response): Self.passingStatuses.contains(response.status) || response.status >= 500
        case .badURL, .tls, .badResponse, .tooLarge, .library, .interrupted: false
        }
    }

    /// 4xx that speak of the moment, not of the request: timeout, too early, too many.
    private static let passingStatuses: Set<Int> = [408, 425, 429]
}
