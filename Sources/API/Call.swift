import HTTP

/// The calls that there are. `rules` says all that is checked of each before its handler runs; the handlers are in `APIServer.dispatch`.
enum Call: Int, Sendable, CaseIterable {
    case submit, list, status, result, cancel, delete, stream, token
    case health, ready, stats, metrics, openAPI

    /// What is true of this call.
    var rules: CallRules { Self.table[rawValue] }

    private static let table = allCases.map(\.entry)

    /// The table. Without `default`, and no value of a row has one: a new call doesn't compile until all of it is said.
    private var entry: CallRules {
        switch self {
        case .submit:
            CallRules(
                method: .post, path: "/api/v1/runs", effect: .changes, body: .required, offers: CallRules.json, scope: .key,
                operation: OpenAPI.submitRun)
        case .list:
            CallRules(
                method: .get, path: "/api/v1/runs", effect: .reads, body: .ignored, offers: CallRules.json, scope: .key,
                operation: OpenAPI.listRuns)
        case .status:
            CallRules(
                method: .get, path: "/api/v1/runs/{id}", effect: .reads, body: .ignored, offers: CallRules.json, scope: .keyOrToken,
                operation: OpenAPI.runStatus)
        case .result:
            CallRules(
                method: .get, path: "/api/v1/runs/{id}/result", effect: .reads, body: .ignored, offers: CallRules.json, scope: .keyOrToken,
                operation: OpenAPI.runResult)
        case .cancel:
            CallRules(
                method: .post, path: "/api/v1/runs/{id}/cancel", effect: .changes, body: .ignored, offers: CallRules.json, scope: .key,
                operation: OpenAPI.cancelRun)
        case .delete:
            CallRules(
                method: .delete, path: "/api/v1/runs/{id}", effect: .changes, body: .ignored, offers: CallRules.nothing, scope: .key,
                operation: OpenAPI.deleteRun)
        case .stream:
            CallRules(
                method: .get, path: "/api/v1/runs/{id}/stream",
                effect: .reads, body: .ignored, offers: CallRules.events, scope: .keyOrToken,
                operation: OpenAPI.streamRun)
        case .token:
            CallRules(
                method: .post, path: "/api/v1/runs/{id}/token", effect: .changes, body: .optional, offers: CallRules.json, scope: .key,
                operation: OpenAPI.issueToken)
        case .health:
            CallRules(
                method: .get, path: "/health", effect: .reads, body: .ignored, offers: CallRules.nothing, scope: .anyone,
                operation: OpenAPI.health)
        case .ready:
            CallRules(
                method: .get, path: "/ready", effect: .reads, body: .ignored, offers: CallRules.nothing, scope: .anyone,
                operation: OpenAPI.ready)
        case .stats:
            CallRules(
                method: .get, path: "/stats", effect: .reads, body: .ignored, offers: CallRules.json, scope: .key,
                operation: OpenAPI.stats)
        case .metrics:
            CallRules(
                method: .get, path: "/metrics", effect: .reads, body: .ignored, offers: CallRules.text, scope: .key,
                operation: OpenAPI.metrics)
        case .openAPI:
            CallRules(
                method: .get, path: "/openapi.json", effect: .reads, body: .ignored, offers: CallRules.json, scope: .key,
                operation: OpenAPI.openAPI)
        }
    }

    /// Finds the call of a method and a path.
    static func router() -> Router<Call> {
        var router = Router<Call>()
        for call in allCases { router.add(call.rules.method, call.rules.path, call) }
        return router
    }
}

/// All that is said of a call.
struct CallRules: Sendable {
    let method: Method
    /// With `{id}` where the run's id stands.
    let path: String
    let effect: Effect
    let body: Body
    /// The media types that `Accept` may choose from. Empty: `Accept` isn't looked at.
    let offers: [String]
    let scope: Scope
    /// The members of its operation in `/openapi.json`.
    let operation: String

    enum Effect {
        case reads
        /// It changes something, so a page of a foreign origin may not make it.
        case changes
    }

    /// What is done with a request's body.
    enum Body {
        /// A body is neither needed nor looked at.
        case ignored
        /// If there is a body, it must be declared as JSON.
        case optional
        /// There must be a body, declared as JSON.
        case required
    }

    /// Who may make it.
    enum Scope {
        /// A probe: answered whoever asks, by whatever name. It must not fail for a reason that isn't the server's health.
        case anyone
        /// Callers with the API key, if the server has one.
        case key
        /// Those, and who has a token of the run.
        case keyOrToken
    }

    static let nothing: [String] = []
    static let json = [MediaType.json]
    static let events = [MediaType.eventStream, MediaType.ndjson]
    static let text = [MediaType.text]
}

enum MediaType {
    static let json = "application/json"
    static let problem = "application/problem+json"
    static let eventStream = "text/event-stream"
    static let ndjson = "application/x-ndjson"
    static let text = "text/plain"
    static let prometheus = "text/plain; version=0.0.4; charset=utf-8"
}
