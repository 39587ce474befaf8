import HTTP
import Testing

@Suite struct RouterTests {
    private static let router: Router<String> = {
        var router = Router<String>()
        router.add(.get, "/health", "health")
        router.add(.post, "/runs", "submit")
        router.add(.get, "/runs", "list")
        router.add(.get, "/runs/{id}", "status")
        router.add(.delete, "/runs/{id}", "delete")
        router.add(.get, "/runs/{id}/stream", "stream")
        router.add(.head, "/runs/{id}/stream", "streamHead")
        router.add(.get, "/", "root")
        return router
    }()

    private func match(_ method: Method, _ path: String) -> String {
        let bytes = Array(path.utf8)
        return switch unsafe Self.router.match(method, bytes.span.bytes) {
        case .found(let handler, let id): "\(handler) \(String(decoding: id, as: UTF8.self))"
        case .wrongMethod(let allow): allow.map(\.rawValue).joined(separator: ",")
        case .notFound: "none"
        }
    }

    @Test(
        arguments: [
            (.get, "/health", "health "), (.head, "/health", "health "), (.post, "/health", "GET,HEAD,OPTIONS"), (.get, "/runs", "list "),
            (.post, "/runs", "submit "), (.put, "/runs", "POST,GET,HEAD,OPTIONS"), (.get, "/runs/run_1", "status run_1"),
            (.delete, "/runs/x", "delete x"), (.patch, "/runs/x", "GET,DELETE,HEAD,OPTIONS"), (.get, "/runs/x/stream", "stream x"),
            (.head, "/runs/x/stream", "streamHead x"), (.options, "/runs/x/stream", "GET,HEAD,OPTIONS"), (.get, "/", "root "),
            (.get, "", "none"),
            (.get, "/runs/", "none"), (.get, "/runs//stream", "none"), (.get, "//runs", "none"), (.get, "/runs/a/b", "none"),
            (.get, "/runs/a%2Fb", "none"), (.get, "/health%00x", "none"), (.get, "/health/", "none"), (.get, "/Health", "none"),
            (.get, "/runs/x/stream/", "none"), (.get, "/runs/stream", "status stream"), (.get, "/runs/../health", "none"),
            (.get, "*", "none"),
        ] as [(Method, String, String)])
    func `a path is compared byte by byte`(method: Method, path: String, expected: String) {
        #expect(match(method, path) == expected)
    }
}
