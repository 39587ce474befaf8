import Benchmark
import CLibevent
import Glibc
@testable import HTTP

/// What each request passes: the scan of its raw head, the check of what evhttp parsed, the route.
func requestBenchmarks() {
    let fields = [
        ("Host", "127.0.0.1:8005"), ("User-Agent", "curl/7.88.1"), ("Accept", "*/*"), ("Accept-Encoding", "gzip, br"),
        ("Authorization", "Bearer 0123456789abcdef"), ("Connection", "keep-alive"),
    ]
    let path = "/api/v1/runs/run_4be1c02a77d9"
    let head = Array(("GET \(path) HTTP/1.1\r\n" + fields.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n").utf8)
    Benchmark.operation("request: scan of the raw head") {
        var scanner = HeadScanner()
        head.withUnsafeBytes { scanner.scan($0) }
        blackHole(scanner)
    }
    if let request = parsedRequest(path, fields) {
        Benchmark.operation("request: check of what was parsed") { blackHole(RequestCheck.refusal(of: request, scanned: nil)) }
    }
    let router = calls()
    let bytes = Array(path.utf8)
    Benchmark.operation("request: route") { blackHole(router.match(.get, bytes.span.bytes)) }
}

private func parsedRequest(_ path: String, _ fields: [(String, String)]) -> UnsafeMutablePointer<evhttp_request>? {
    guard let request = evhttp_request_new(nil, nil) else { return nil }
    request.pointee.uri = strdup(path)
    request.pointee.type = EVHTTP_REQ_GET
    (request.pointee.major, request.pointee.minor) = (1, 1)
    for (name, value) in fields { evhttp_add_header(request.pointee.input_headers, name, value) }
    return request
}

/// As many calls as the server has.
private func calls() -> Router<Int> {
    var router = Router<Int>()
    let runs = "/api/v1/runs"
    let patterns = [
        runs, "\(runs)/{id}", "\(runs)/{id}/result", "\(runs)/{id}/stream", "/health", "/ready", "/stats", "/metrics", "/openapi.json",
    ]
    for (index, pattern) in patterns.enumerated() { router.add(.get, pattern, index) }
    for (index, pattern) in [runs, "\(runs)/{id}/cancel", "\(runs)/{id}/token"].enumerated() { router.add(.post, pattern, 100 + index) }
    return router
}
