import HTTP

/// The calls that there are, and what is checked of each before its handler runs.
enum Call: Sendable, CaseIterable {
    case submit, list, status, result, cancel, delete, stream, token
    case health, ready, stats, metrics, openAPI

    /// Whether it changes something: then a page of a foreign origin may not make it.
    var changes: Bool {
        switch self {
        case .submit, .cancel, .delete, .token: true
        default: false
        }
    }

    /// Probes are answered whoever asks, by whatever name: they must not fail for a reason that is not the server's health.
    var isProbe: Bool { self == .health || self == .ready }

    /// Whether a token of its run opens it.
    var opensWithToken: Bool {
        switch self {
        case .status, .result, .stream: true
        default: false
        }
    }

    /// The media types that it answers with; none: it has no body, or is a probe.
    var offers: [String] {
        switch self {
        case .stream: [MediaType.eventStream, MediaType.ndjson]
        case .metrics: [MediaType.text]
        case .delete, .health, .ready: []
        default: [MediaType.json]
        }
    }
}

enum MediaType {
    static let json = "application/json"
    static let problem = "application/problem+json"
    static let eventStream = "text/event-stream"
    static let ndjson = "application/x-ndjson"
    static let text = "text/plain"
    static let prometheus = "text/plain; version=0.0.4; charset=utf-8"
}
