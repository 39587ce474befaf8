import HTTP

/// What the checks and the answers need of a request's head.
struct RequestHead {
    let host: String?
    let origin: String?
    let base: BaseURL
    /// The names that the caller calls this server by: its `Host`, and what a trusted proxy says the host was.
    let hosts: [Authority]
    let isRead: Bool
    let isHead: Bool
    private let corsHeaders: [(name: String, value: String)]
    private let bodyLimitBytes: Int

    init(_ request: borrowing Request, settings: APISettings) {
        host = request.header("Host")
        origin = request.header("Origin")
        let method = request.method
        isHead = method == .head
        isRead = method == .get || method == .head
        let isForwarded = settings.proxies.contains(request.remoteAddress)
        base = BaseURL(
            host: host, forwarded: isForwarded ? (request.header("X-Forwarded-Proto"), request.header("X-Forwarded-Host")) : nil,
            own: settings.own)
        hosts = [base.authority] + [host.flatMap { Authority($0) }].compactMap { $0 }
        corsHeaders = settings.origins.headers(origin: origin, isRead: isRead || method == .options)
        bodyLimitBytes = settings.maxBodyBytes
    }

    func caller(bodyIsTooLarge: Bool) -> Caller {
        Caller(
            base: base, headers: corsHeaders, isHead: isHead,
            bodyProblem: bodyIsTooLarge ? .bodyTooLarge(limitBytes: bodyLimitBytes) : nil)
    }
}
