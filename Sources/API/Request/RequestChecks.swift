import HTTP
import Jobs

/// What is checked of every request before its handler runs, in the order that the contract fixes:
/// `Host` (421), key (401), route (404), method (405), origin (403), `Accept` and `Content-Type` (406, 415).
/// The form of the head was checked before; the run (404), the body (413, 400, 422) and the state (409, 503) are the handler's.
final class RequestChecks {
    private let settings: APISettings
    private let headRules: HeadRules
    private let clock: @Sendable () -> Timestamp
    /// The last `Host`: as a rule all callers say the same.
    private var lastHost: KnownHost?

    init(settings: APISettings, clock: @escaping @Sendable () -> Timestamp) {
        self.settings = settings
        headRules = HeadRules(settings)
        self.clock = clock
    }

    enum Admitted {
        case call(Call, id: [UInt8])
        /// OPTIONS: answered here, without a key.
        case options(Response)
    }

    /// What the checks need of a request; also for the answer to one that fails them.
    func head(of request: borrowing Request) -> RequestHead {
        RequestHead(request, host: request.header("Host").map(known), rules: headRules)
    }

    private func known(_ host: String) -> KnownHost {
        if let lastHost, lastHost.text == host { return lastHost }
        let known = KnownHost(host, rules: settings.hosts)
        lastHost = known
        return known
    }

    func admit(_ request: borrowing Request, _ head: RequestHead, _ match: RouteMatch<Call>) throws(Problem) -> Admitted {
        let isOptions = request.method == .options
        try checkHost(request, head, match)
        if !isOptions { try checkKey(request, match) }
        switch match {
        case .notFound: throw .noRoute
        case .wrongMethod(let allow):
            let allow = allow.map(\.rawValue)
            guard isOptions else { throw .wrongMethod(allow: allow) }
            return .options(options(request, head, allow: allow))
        case .found(let call, let id):
            let rules = call.rules
            switch rules.effect {
            case .reads: break
            case .changes:
                guard settings.origins.mayChange(origin: head.origin, hosts: head.hosts) else { throw .foreignOrigin(head.origin ?? "") }
            }
            if !rules.offers.isEmpty, Accept(request.headers("Accept")).choose(rules.offers) == nil {
                throw .notAcceptable(offers: rules.offers)
            }
            switch rules.body {
            case .ignored: break
            case .optional: if request.hasBody { try checkType(request) }
            case .required: try checkType(request)
            }
            return .call(call, id: id)
        }
    }

    private func checkType(_ request: borrowing Request) throws(Problem) {
        let type = request.header("Content-Type")
        guard ContentType.isJSON(type) else { throw .notJSON(contentType: type) }
    }

    /// DNS rebinding; see `HostRules`.
    private func checkHost(_ request: borrowing Request, _ head: RequestHead, _ match: RouteMatch<Call>) throws(Problem) {
        guard !settings.authorization.isRequired else { return }
        if case .found(let call, _) = match, call.rules.scope == .anyone { return }
        guard let host = head.host else {
            if request.isHTTP10 { return }
            throw .misdirected(host: "")
        }
        guard host.isAllowed else { throw .misdirected(host: host.text) }
    }

    private func checkKey(_ request: borrowing Request, _ match: RouteMatch<Call>) throws(Problem) {
        guard settings.authorization.isRequired else { return }
        if case .found(let call, _) = match, call.rules.scope == .anyone { return }
        let verdict = settings.authorization.check(
            authorization: request.header("Authorization"), apiKey: request.header("X-API-Key"))
        guard verdict != .allowed else { return }
        guard let token = request.query("token") else { throw .unauthorized(verdict == .noKey ? .noKey : .wrongKey) }
        guard case .found(let call, let id) = match, call.rules.scope == .keyOrToken, let run = JobID(utf8: id) else {
            throw .unauthorized(.tokenInvalid)
        }
        switch settings.tokens.check(token, for: run, now: clock()) {
        case .allowed: return
        case .expired: throw .unauthorized(.tokenExpired)
        case .invalid: throw .unauthorized(.tokenInvalid)
        }
    }

    private func options(_ request: borrowing Request, _ head: RequestHead, allow: [String]) -> Response {
        let method = request.header("Access-Control-Request-Method")
        let cors = settings.origins.preflight(
            origin: head.origin, method: method, requested: request.headers("Access-Control-Request-Headers"), allow: allow)
        return Response(status: 204, headers: [("Allow", allow.joined(separator: ", "))] + cors)
    }
}
