import HTTP

/// Which web pages may call, and what a browser is told about it (CORS).
///
/// Pages whose origin is listed may call everything, with credentials and any headers. `*` lets all other pages read, without credentials.
package struct OriginRules: Sendable {
    private let allowed: Set<Origin>
    /// `*`: any page may read.
    private let opensReads: Bool

    /// - Parameters:
    ///   - allowed: pages that may call everything.
    ///   - opensReads: whether all other pages may read.
    package init(allowed: [Origin], opensReads: Bool) {
        self.allowed = Set(allowed)
        self.opensReads = opensReads
    }

    /// Whether a call that changes something may come from this page. A request without `Origin` (curl, a server) may. `*` permits nothing.
    ///
    /// - Parameters:
    ///   - origin: the `Origin` header, nil when absent.
    ///   - hosts: the names that the request calls this server by.
    /// - Returns: whether it may.
    package func mayChange(origin: String?, hosts: [Authority]) -> Bool {
        guard let origin else { return true }
        guard let origin = Origin(origin) else { return false }
        return allowed.contains(origin) || hosts.contains(where: origin.isServed)
    }

    /// The headers that let a page read an answer. They go on every answer, errors included: the page's script then sees what went wrong.
    ///
    /// - Parameters:
    ///   - origin: the `Origin` header, nil when absent.
    ///   - isRead: whether the request changes nothing (GET, HEAD, OPTIONS).
    /// - Returns: none for a page that may not read, but `Vary` where another page's answer would differ.
    package func headers(origin: String?, isRead: Bool) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if !allowed.isEmpty { headers.append(("Vary", "Origin")) }
        guard let origin, let permission = permission(origin, isRead: isRead) else { return headers }
        switch permission {
        case .everything:
            headers.append(("Access-Control-Allow-Origin", origin))
            headers.append(("Access-Control-Allow-Credentials", "true"))
        case .reads: headers.append(("Access-Control-Allow-Origin", "*"))
        }
        headers.append(("Access-Control-Expose-Headers", "Allow, Link, Location, Retry-After, WWW-Authenticate"))
        return headers
    }

    /// The further headers of the answer to a preflight.
    ///
    /// - Parameters:
    ///   - origin: the `Origin` header, nil when absent.
    ///   - method: `Access-Control-Request-Method`; nil if the request isn't a preflight.
    ///   - requested: the values of `Access-Control-Request-Headers`: the names of the headers that the page wants to send.
    ///   - allow: the methods that the called path knows.
    /// - Returns: none if the page may not make such a call.
    package func preflight(
        origin: String?, method: String?, requested: [String], allow: [String]
    ) -> [(name: String, value: String)] {
        guard let origin, let method, let permission = permission(origin, isRead: Self.reads.contains(method)) else { return [] }
        var headers: [(name: String, value: String)] = []
        switch permission {
        case .everything:
            headers.append(("Access-Control-Allow-Methods", allow.joined(separator: ", ")))
            // Tracing libraries add headers of their own to every request, and which ones changes with the library.
            headers.append(("Access-Control-Allow-Headers", Self.names(requested) ?? Self.ownHeaders))
        case .reads:
            headers.append(("Access-Control-Allow-Methods", allow.filter(Self.reads.contains).joined(separator: ", ")))
            headers.append(("Access-Control-Allow-Headers", Self.ownHeaders))
        }
        headers.append(("Access-Control-Max-Age", "600"))
        if !allowed.isEmpty { headers.append(("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")) }
        return headers
    }

    private static let reads: Set<String> = ["GET", "HEAD"]
    /// The headers that calls look at, and `Cache-Control`, which polyfills of `EventSource` send.
    private static let ownHeaders = "Authorization, Cache-Control, Content-Type, Idempotency-Key, Last-Event-ID, X-API-Key"

    /// The names that a page asks for, as one list; nil if there are none, if one isn't a token (RFC 9110, 5.6.2), or if they are too long.
    private static func names(_ requested: [String]) -> String? {
        guard requested.reduce(0, { $0 + $1.utf8.count }) <= APILimits.preflightHeaderBytes else { return nil }
        let names = requested.flatMap { $0.split(separator: ",") }.map(\.trimmingSpaces).filter { !$0.isEmpty }
        guard !names.isEmpty, names.allSatisfy({ $0.utf8.allSatisfy(isTokenByte) }) else { return nil }
        return names.joined(separator: ", ")
    }

    private enum Permission {
        case everything
        case reads
    }

    private func permission(_ origin: String, isRead: Bool) -> Permission? {
        if let known = Origin(origin), allowed.contains(known) { return .everything }
        return opensReads && isRead ? .reads : nil
    }
}
