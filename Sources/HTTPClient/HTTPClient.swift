/// A blocking HTTP client for programs without a loop, such as the command line: one request at a time, connections used again.
///
/// Confined to one thread. Redirects are not followed: a moved API is for the user to know, and keys do not travel by themselves.
package final class HTTPClient {
    /// How long each step of an ordinary request may take.
    package struct Timeouts: Sendable {
        /// Name look-up, connection and TLS.
        package var connect = Duration.seconds(10)
        /// The whole request, the connection included.
        package var total = Duration.seconds(30)

        package init(connect: Duration = .seconds(10), total: Duration = .seconds(30)) {
            self.connect = connect
            self.total = total
        }
    }

    package let limits: Limits
    private let multi: CurlMulti
    private let timeouts: Timeouts

    /// - Throws: `HTTPError.library` if libcurl cannot start.
    package init(timeouts: Timeouts = Timeouts(), limits: Limits = Limits()) throws(HTTPError) {
        multi = try CurlMulti()
        self.timeouts = timeouts
        self.limits = limits
    }

    /// Sends a request and waits for the whole answer, whatever its status.
    ///
    /// - Parameters:
    ///   - request: what to send.
    ///   - interrupt: ends the wait with `HTTPError.interrupted`.
    /// - Returns: the answer, complete.
    /// - Throws: an `HTTPError` where there is no complete answer.
    package func send(_ request: HTTPRequest, interrupt: InterruptSignal? = nil) throws(HTTPError) -> HTTPResponse {
        let transfer = try open(request)
        transfer.limitBytes = limits.responseBodyBytes
        let deadline = ContinuousClock.now + timeouts.total
        while true {
            try multi.perform()
            if let outcome = transfer.outcome { return try response(transfer, outcome) }
            let left = deadline - .now
            guard left > .zero else { throw .timeout("no answer within \(timeouts.total)") }
            if try multi.wait(left, interrupt: interrupt) { throw .interrupted }
        }
    }

    /// Starts a transfer that the caller turns itself with `turn`.
    func open(_ request: HTTPRequest) throws(HTTPError) -> CurlTransfer {
        try CurlTransfer(request, on: multi, connectTimeout: timeouts.connect)
    }

    /// Receives what is there.
    func perform() throws(HTTPError) {
        try multi.perform()
    }

    /// Waits for something to receive; see `CurlMulti.wait`.
    func wait(_ duration: Duration, interrupt: InterruptSignal?) throws(HTTPError) -> Bool {
        try multi.wait(duration, interrupt: interrupt)
    }

    private func response(_ transfer: CurlTransfer, _ outcome: Result<Void, HTTPError>) throws(HTTPError) -> HTTPResponse {
        if transfer.isTooLarge { throw .tooLarge(limitBytes: transfer.limitBytes) }
        try outcome.get()
        guard var response = transfer.head else { throw .badResponse("an answer without a head") }
        response.body = transfer.takeReceived()
        return response
    }
}
