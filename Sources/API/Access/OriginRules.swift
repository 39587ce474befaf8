/// Which web pages may call, and what a browser is told about it (CORS).
///
/// No credentials are ever allowed: the server knows no cookies, and a key in a header is not one.
package struct OriginRules: Sendable {
    private let allowed: Set<Origin>
    /// `*`: any page may read.
    private let opensReads: Bool

    /// - Parameters:
    ///   - allowed: pages that may call everything.
    ///   - opensReads: whether all others may read.
    package init(allowed: [Origin], opensReads: Bool) {
        self.allowed = Set(allowed)
        self.opensReads = opensReads
    }

    /// Whether a call that changes something may come from this page. No `Origin` at all (curl, a server) is fine; `*` is no permission.
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

    /// The headers that let a page read an answer. On every answer, errors included, so that the page's script sees what went wrong.
    package func headers(origin: String?, isRead: Bool) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if !allowed.isEmpty { headers.append(("Vary", "Origin")) }
        guard let origin, let permission = permission(origin, isRead: isRead) else { return headers }
        headers.append(("Access-Control-Allow-Origin", permission))
        headers.append(("Access-Control-Expose-Headers", "Link, Location, Retry-After, WWW-Authenticate"))
        return headers
    }

    /// The further headers of the answer to a preflight.
    ///
    /// - Parameters:
    ///   - origin: the `Origin` header, nil when absent.
    ///   - method: `Access-Control-Request-Method`; nil: the request is no preflight.
    ///   - allow: the methods that the called path knows.
    /// - Returns: none when the page may not make such a call.
    package func preflight(origin: String?, method: String?, allow: [String]) -> [(name: String, value: String)] {
        guard let origin, let method else { return [] }
        let isRead = Self.reads.contains(method)
        guard permission(origin, isRead: isRead) != nil else { return [] }
        let mayWrite = permission(origin, isRead: false) != nil
        return [
            ("Access-Control-Allow-Methods", allow.filter { mayWrite || Self.reads.contains($0) }.joined(separator: ", ")),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-API-Key"),
            ("Access-Control-Max-Age", "600"),
        ]
    }

    private static let reads: Set<String> = ["GET", "HEAD"]

    /// The value of `Access-Control-Allow-Origin`, or nil.
    private func permission(_ origin: String, isRead: Bool) -> String? {
        if let known = Origin(origin), allowed.contains(known) { return origin }
        return opensReads && isRead ? "*" : nil
    }
}
