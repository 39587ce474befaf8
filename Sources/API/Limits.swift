/// Bounds of the API, with their units. Sizes of requests are HTTP's `Limits`.
enum APILimits {
    /// Bytes of an idempotency key.
    static let idempotencyKeyBytes = 255
    /// Bytes of a session id: it becomes an environment variable of the runner.
    static let sessionIDBytes = 1024
    /// Bytes of `Access-Control-Request-Headers` that are sent back in the answer to a preflight.
    static let preflightHeaderBytes = 2048
    /// How often a new run draws an id before the server gives up. Two runs draw the same id once in 68,719,476,736 times or less.
    static let idDraws = 4
    /// Bytes of a webhook's URL.
    static let webhookURLBytes = 2048
    /// Seconds that one attempt may take.
    static let timeoutSeconds = 1...2_592_000
    static let maxAttempts = 1...20
    /// Seconds that a run token lives.
    static let tokenSeconds = 1...86_400
    static let defaultTokenSeconds = 900
    static let pages = 1...1_000_000_000
    static let pageSizes = 1...100
    static let defaultPageSize = 20
    /// How long after its end a run that nobody has asked about still streams to a viewer without a cursor.
    static let unseenEndSeconds = 60
    /// Milliseconds of `retry:`, drawn per stream so that a restart does not bring everybody back at once.
    static let retryMilliseconds = 1500...3500
    /// Seconds of `Retry-After`: after a submit, and when the server is full, draining or cannot write.
    static let submitRetryAfterSeconds = 2
    static let busyRetryAfterSeconds = 5
}
