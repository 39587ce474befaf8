import HTTP

/// What the checks and the answers need of a request's head.
struct RequestHead {
    let host: KnownHost?
    let origin: String?
    let base: BaseURL
    let isRead: Bool
    let caller: Caller

    /// - Parameters:
    ///   - request: read now, not kept.
    ///   - host: its `Host` header, looked at.
    ///   - rules: whose proxies and origins count.
    init(_ request: borrowing Request, host: KnownHost?, rules: HeadRules) {
        self.host = host
        origin = request.header("Origin")
        let method = request.method
        isRead = method == .get || method == .head
        let isForwarded = rules.proxies.contains(peerOf: request)
        base = BaseURL(
            host: host?.authority, forwarded: isForwarded ? (request.header("X-Forwarded-Proto"), request.header("X-Forwarded-Host")) : nil,
            own: rules.own)
        caller = Caller(
            base: base, headers: rules.origins.headers(origin: origin, isRead: isRead || method == .options), isHead: method == .head,
            bodyProblem: request.bodyIsTooLarge ? .bodyTooLarge(limitBytes: rules.maxBodyBytes) : nil)
    }

    /// The names that the caller calls this server by: its `Host`, and what a trusted proxy says the host was.
    var hosts: [Authority] { [base.authority, host?.authority].compactMap { $0 } }
}

/// What of the settings is looked at for every request: held once, since a copy of all of them retains two dozen things.
final class HeadRules {
    let proxies: TrustedProxies
    let origins: OriginRules
    let own: Authority
    let maxBodyBytes: Int

    init(_ settings: APISettings) {
        proxies = settings.proxies
        origins = settings.origins
        own = settings.own
        maxBodyBytes = settings.maxBodyBytes
    }
}

/// A `Host` header and what it is worth.
struct KnownHost {
    let text: String
    /// Nil when it makes no sense.
    let authority: Authority?
    let isAllowed: Bool

    init(_ text: String, rules: HostRules) {
        self.text = text
        authority = Authority(text)
        isAllowed = authority.map { rules.allows($0) } ?? false
    }
}

extension TrustedProxies {
    /// Without a list the peer's address is not even asked for.
    func contains(peerOf request: borrowing Request) -> Bool {
        isEmpty ? false : contains(request.remoteAddress)
    }
}
