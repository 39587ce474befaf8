import HTTPClient

/// The server's calls, as seen from the command line: an answer, or a failure in words.
struct APIClient {
    let http: HTTPClient
    let baseURL: String
    private let headers: [HTTPHeader]

    /// A server without a key needs none.
    init(_ http: HTTPClient, baseURL: String, key: String?) {
        self.http = http
        self.baseURL = baseURL
        headers =
            [HTTPHeader("User-Agent", "runstream/\(Version.current)")] + (key.map { [HTTPHeader("Authorization", "Bearer \($0)")] } ?? [])
    }

    /// A request to be sent by the caller.
    func request(_ method: String, _ path: String, body: String? = nil) -> HTTPRequest {
        // A POST says that it is empty: without Content-Length some servers and proxies would wait, or answer 411.
        let bytes = body.map { Array($0.utf8) } ?? (method == "POST" ? [] : nil)
        var request = HTTPRequest(method: method, url: baseURL + path, headers: headers, body: bytes)
        if body != nil { request.headers.append(HTTPHeader("Content-Type", "application/json")) }
        return request
    }

    /// Sends a request.
    ///
    /// - Returns: an answer of 2xx.
    /// - Throws: anything else, as the user is to read it.
    func call(_ method: String, _ path: String, body: String? = nil, interrupt: InterruptSignal? = nil) throws(CommandFailure)
        -> HTTPResponse
    {
        do throws(HTTPError) {
            let response = try http.send(request(method, path, body: body), interrupt: interrupt)
            guard (200..<300).contains(response.status) else { throw HTTPError.refused(response) }
            return response
        } catch {
            throw failure(error)
        }
    }

    /// The same, for an answer that has to be JSON.
    func callJSON(_ method: String, _ path: String, body: String? = nil) throws(CommandFailure) -> (tree: JSONTree, body: [UInt8]) {
        let response = try call(method, path, body: body)
        guard let tree = JSONTree(response.body) else { throw failure(.badResponse("the answer is not JSON")) }
        return (tree, response.body)
    }

    /// An error in words, with the number that goes with it.
    func failure(_ error: HTTPError) -> CommandFailure {
        switch error {
        case .unreachable(let reason):
            CommandFailure("cannot reach \(baseURL): \(reason). Is the server running there? (--api-url, RUNSTREAM_API_URL)", .unreachable)
        case .tls(let reason): CommandFailure("no secure connection to \(baseURL): \(reason)", .unreachable)
        case .timeout(let reason): CommandFailure("\(baseURL) does not answer: \(reason)", .unreachable)
        case .broken(let reason): CommandFailure("the connection to \(baseURL) broke: \(reason)", .unreachable)
        case .badResponse(let reason): CommandFailure("\(baseURL) does not answer like a runstream server: \(reason)", .unreachable)
        case .tooLarge(let limitBytes): CommandFailure("the answer is larger than \(SizeArgument.format(limitBytes))", .unreachable)
        case .badURL(let reason): CommandFailure("\(baseURL): \(reason)", .usage)
        case .library(let reason): CommandFailure("libcurl: \(reason)", .unreachable)
        case .interrupted: CommandFailure("interrupted", .detached)
        case .refused(let response):
            CommandFailure(ProblemText.describe(response), (400..<500).contains(response.status) ? .refused : .unreachable)
        }
    }
}
