import HTTP

/// The table of calls.
enum Routes {
    static let all: [(method: Method, pattern: String, call: Call)] = [
        (.post, "/api/v1/runs", .submit),
        (.get, "/api/v1/runs", .list),
        (.get, "/api/v1/runs/{id}", .status),
        (.delete, "/api/v1/runs/{id}", .delete),
        (.get, "/api/v1/runs/{id}/result", .result),
        (.get, "/api/v1/runs/{id}/stream", .stream),
        (.post, "/api/v1/runs/{id}/cancel", .cancel),
        (.post, "/api/v1/runs/{id}/token", .token),
        (.get, "/health", .health),
        (.get, "/ready", .ready),
        (.get, "/stats", .stats),
        (.get, "/metrics", .metrics),
        (.get, "/openapi.json", .openAPI),
    ]

    static func router() -> Router<Call> {
        var router = Router<Call>()
        for route in all { router.add(route.method, route.pattern, route.call) }
        return router
    }
}
