/// What a router says of a method and a path.
package enum RouteMatch<Handler> {
    /// The handler, and the bytes that stand for `{id}` (empty where the pattern has none).
    case found(Handler, id: [UInt8])
    /// The path is known, but not with this method; these are allowed, HEAD wherever GET is, and OPTIONS.
    case wrongMethod(allow: [Method])
    case notFound
}

/// Finds a path's handler by comparing raw bytes.
///
/// Nothing is decoded and no slashes are folded, so that `/admin%00x`, `//host/admin` and `/a%2Fb` match nothing: what is compared
/// here is exactly what a proxy in front saw.
package struct Router<Handler> {
    struct Route {
        let prefix: [UInt8]
        let suffix: [UInt8]
        let hasID: Bool
        var handlers: [(method: Method, handler: Handler)]
    }

    private var routes: [Route] = []

    package init() {}

    /// Adds a call. A HEAD without a handler of its own goes to GET's.
    ///
    /// The pattern is a path with at most one segment `{id}`, which matches any segment that is not empty and has no `%`.
    package mutating func add(_ method: Method, _ pattern: String, _ handler: Handler) {
        let bytes = Array(pattern.utf8)
        let mark = Array("{id}".utf8)
        let hole = bytes.indices.first { bytes[$0...].starts(with: mark) }
        let prefix = Array(bytes[..<(hole ?? bytes.endIndex)])
        let suffix = hole.map { Array(bytes[($0 + mark.count)...]) } ?? []
        let known = routes.firstIndex { $0.prefix == prefix && $0.suffix == suffix && $0.hasID == (hole != nil) }
        if let known {
            precondition(!routes[known].handlers.contains { $0.method == method }, "\(method) \(pattern) is routed twice")
            routes[known].handlers.append((method, handler))
        } else {
            routes.append(Route(prefix: prefix, suffix: suffix, hasID: hole != nil, handlers: [(method, handler)]))
        }
    }

    /// Finds a request's handler.
    package func match(_ request: borrowing Request) -> RouteMatch<Handler> {
        let method = request.method
        return request.withPath { match(method, $0) }
    }

    /// Finds the handler of a method and a path.
    package func match(_ method: Method, _ path: RawSpan) -> RouteMatch<Handler> {
        unsafe path.withUnsafeBytes { path in
            for route in routes {
                guard let id = unsafe route.id(in: path) else { continue }
                let handler =
                    route.handlers.first { $0.method == method } ?? (method == .head ? route.handlers.first { $0.method == .get } : nil)
                guard let handler else { return .wrongMethod(allow: route.allowed) }
                return unsafe .found(handler.handler, id: Array(path[id]))
            }
            return .notFound
        }
    }
}

extension Router.Route {
    /// Where the id is, empty where the pattern has none; nil if the path does not match.
    func id(in path: UnsafeRawBufferPointer) -> Range<Int>? {
        guard hasID ? path.count > prefix.count + suffix.count : path.count == prefix.count else { return nil }
        let id = prefix.count..<(path.count - suffix.count)
        guard unsafe path.starts(with: prefix) else { return nil }
        guard hasID else { return 0..<0 }
        guard unsafe path[id.upperBound...].elementsEqual(suffix) else { return nil }
        return unsafe path[id].contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "%") } ? nil : id
    }

    var allowed: [Method] {
        var methods = handlers.map(\.method)
        if methods.contains(.get), !methods.contains(.head) { methods.append(.head) }
        if !methods.contains(.options) { methods.append(.options) }
        return methods
    }
}

extension Router: Sendable where Handler: Sendable {}
extension Router.Route: Sendable where Handler: Sendable {}
