import Glibc

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
    private var table = RouteTable()
    private var handlers: [Handler] = []

    package init() {}

    /// Adds a call. A HEAD without a handler of its own goes to GET's.
    ///
    /// The pattern is a path with at most one segment `{id}`, which matches any segment that is not empty and has no `%`.
    package mutating func add(_ method: Method, _ pattern: String, _ handler: Handler) {
        table.add(method, pattern, index: handlers.count)
        handlers.append(handler)
    }

    /// Finds a request's handler.
    package func match(_ request: borrowing Request) -> RouteMatch<Handler> {
        let method = request.method
        return request.withPath { match(method, $0) }
    }

    /// Finds the handler of a method and a path.
    package func match(_ method: Method, _ path: RawSpan) -> RouteMatch<Handler> {
        switch unsafe path.withUnsafeBytes({ path in unsafe table.match(method, path) }) {
        case .found(let index, let id): .found(handlers[index], id: id)
        case .wrongMethod(let allow): .wrongMethod(allow: allow)
        case .notFound: .notFound
        }
    }
}

/// The paths, with the place of each handler: not generic, since a generic one is not specialized for its users in other modules, and took
/// 5,000 instructions a request.
struct RouteTable: Sendable {
    fileprivate struct Route {
        let prefix: [UInt8]
        let suffix: [UInt8]
        let hasID: Bool
        var handlers: [(method: Method, index: Int)]
    }

    private var routes: [Route] = []

    mutating func add(_ method: Method, _ pattern: String, index: Int) {
        let bytes = Array(pattern.utf8)
        let mark = Array("{id}".utf8)
        let hole = bytes.indices.first { bytes[$0...].starts(with: mark) }
        let prefix = Array(bytes[..<(hole ?? bytes.endIndex)])
        let suffix = hole.map { Array(bytes[($0 + mark.count)...]) } ?? []
        let known = routes.firstIndex { $0.prefix == prefix && $0.suffix == suffix && $0.hasID == (hole != nil) }
        if let known {
            precondition(!routes[known].handlers.contains { $0.method == method }, "\(method) \(pattern) is routed twice")
            routes[known].handlers.append((method, index))
        } else {
            routes.append(Route(prefix: prefix, suffix: suffix, hasID: hole != nil, handlers: [(method, index)]))
        }
    }

    func match(_ method: Method, _ path: UnsafeRawBufferPointer) -> RouteMatch<Int> {
        for route in routes {
            guard let id = unsafe route.id(in: path) else { continue }
            guard let index = route.index(of: method) ?? (method == .head ? route.index(of: .get) : nil) else {
                return .wrongMethod(allow: route.allowed)
            }
            return unsafe .found(index, id: Array(path[id]))
        }
        return .notFound
    }
}

extension RouteTable.Route {
    /// Where the id is, empty where the pattern has none; nil if the path does not match.
    fileprivate func id(in path: UnsafeRawBufferPointer) -> Range<Int>? {
        guard hasID ? path.count > prefix.count + suffix.count : path.count == prefix.count else { return nil }
        let id = prefix.count..<(path.count - suffix.count)
        guard unsafe Self.isEqual(path, 0, prefix), unsafe Self.isEqual(path, id.upperBound, suffix) else { return nil }
        guard hasID else { return 0..<0 }
        for index in id where unsafe path[index] == UInt8(ascii: "/") || path[index] == UInt8(ascii: "%") { return nil }
        return id
    }

    private static func isEqual(_ path: UnsafeRawBufferPointer, _ offset: Int, _ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty, let start = path.baseAddress else { return bytes.isEmpty }
        return unsafe memcmp(start + offset, bytes, bytes.count) == 0
    }

    fileprivate func index(of method: Method) -> Int? {
        for handler in handlers where handler.method == method { return handler.index }
        return nil
    }

    fileprivate var allowed: [Method] {
        var methods = handlers.map(\.method)
        if methods.contains(.get), !methods.contains(.head) { methods.append(.head) }
        if !methods.contains(.options) { methods.append(.options) }
        return methods
    }
}

extension Router: Sendable where Handler: Sendable {}
