import Support

/// A `text/event-stream` that outlives its connections: it comes back with `Last-Event-ID` until the end marker, a 204 or a refusal.
///
/// Pulled by its user, one step at a time, on one thread; nothing is received between two pulls, so a slow user slows the server.
package final class EventSource {
    /// What `next` has to tell.
    package enum Step: Sendable, Equatable {
        /// The server has answered 200; events follow.
        case connected
        case event(ServerSentEvent)
        /// The connection is gone; the next pull waits, then tries again.
        case reconnecting(after: Duration, because: Reason, failures: Int)
        /// The end marker, or a 204: there is nothing more, ever.
        case ended
        /// The interrupt arrived; `lastEventID` says where to go on.
        case interrupted
    }

    /// Why a connection is tried again.
    package enum Reason: Sendable, Equatable {
        /// The response ended in good order, but without the end marker.
        case endedEarly
        case failed(HTTPError)
    }

    /// What the stream is expected to look like.
    package struct Options: Sendable {
        /// The `data` that means the end.
        package var endMarker = "[DONE]"
        /// With no byte for this long the connection counts as dead: several of the server's heartbeats.
        package var stallTimeout = Duration.seconds(15)
        package var policy = ReconnectPolicy()

        package init() {}
    }

    private enum State {
        case waiting(until: ContinuousClock.Instant)
        case receiving(CurlTransfer)
        case ended
    }

    /// The id of the last event handed out; empty if none had one.
    package private(set) var lastEventID: String
    private let client: HTTPClient
    private let request: HTTPRequest
    private let options: Options
    private let interrupt: InterruptSignal?
    private let chance: () -> Double
    private var state = State.waiting(until: .now)
    private var parser: ServerSentEventParser
    private var ready: ArraySlice<ServerSentEvent> = []
    private var retry: Duration?
    private var failures = 0
    private var connectedAt: ContinuousClock.Instant?
    private var lastContact = ContinuousClock.now
    private var everConnected = false

    /// - Parameters:
    ///   - request: a GET; `Accept` and `Last-Event-ID` are added.
    ///   - client: makes the connections.
    ///   - lastEventID: where to start; empty for the stream's own start.
    ///   - options: what the stream looks like, and how patient to be.
    ///   - interrupt: ends a wait, of whatever kind, at once.
    ///   - chance: draws from 0..<1, for the waits.
    package init(
        _ request: HTTPRequest, client: HTTPClient, lastEventID: String = "", options: Options = Options(),
        interrupt: InterruptSignal? = nil, chance: @escaping () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.request = request
        self.client = client
        self.lastEventID = lastEventID
        parser = ServerSentEventParser(lastEventID: lastEventID)
        self.options = options
        self.interrupt = interrupt
        self.chance = chance
    }

    /// Whether the next step is there without waiting: a user who draws may put it off.
    package var hasReadyEvent: Bool { !ready.isEmpty }

    /// Waits for the next thing to happen.
    ///
    /// - Throws: `HTTPError.refused` with the server's answer, or the last failure once the policy gives up. Final in either case.
    package func next() throws(HTTPError) -> Step {
        while true {
            if let event = ready.popFirst() {
                lastEventID = event.id
                guard event.data == options.endMarker else { return .event(event) }
                state = .ended
                ready = []
            }
            switch state {
            case .ended: return .ended
            case .waiting(let until):
                while until > .now {
                    if try client.wait(until - .now, interrupt: interrupt) { return .interrupted }
                }
                try connect()
            case .receiving(let transfer):
                if let step = try receive(transfer) { return step }
            }
        }
    }

    private func connect() throws(HTTPError) {
        var request = request
        request.headers.append(HTTPHeader("Accept", "text/event-stream"))
        request.headers.append(HTTPHeader("Cache-Control", "no-cache"))
        if !lastEventID.isEmpty { request.headers.append(HTTPHeader("Last-Event-ID", lastEventID)) }
        connectedAt = nil
        parser = ServerSentEventParser(lastEventID: lastEventID, limitBytes: client.limits.eventBytes)
        let transfer = try client.open(request)
        transfer.limitBytes = client.limits.unreadStreamBytes
        state = .receiving(transfer)
    }

    /// One turn of a running transfer; nil when it brought nothing to tell.
    private func receive(_ transfer: CurlTransfer) throws(HTTPError) -> Step? {
        try client.perform()
        if let head = transfer.head {
            guard head.status == 200 else { return try refused(transfer, head) }
            if connectedAt == nil {
                try welcome(head)
                return .connected
            }
        }
        if try take(transfer.takeReceived()) { return nil }
        if let outcome = transfer.outcome {
            switch outcome {
            case .success: return try dropped(.endedEarly)
            case .failure(let error): return try dropped(.failed(error))
            }
        }
        let left = transfer.lastByte + options.stallTimeout - .now
        if left <= .zero { return try dropped(.failed(.timeout("nothing from the server for \(options.stallTimeout)"))) }
        return try client.wait(left, interrupt: interrupt) ? .interrupted : nil
    }

    /// Parses what has arrived; true if that made events.
    private func take(_ bytes: [UInt8]) throws(HTTPError) -> Bool {
        guard !bytes.isEmpty else { return false }
        ready = try parser.read(bytes)[...]
        retry = parser.retry ?? retry
        if !ready.isEmpty { heard() }
        return !ready.isEmpty
    }

    private func welcome(_ head: HTTPResponse) throws(HTTPError) {
        let type = head.header("Content-Type") ?? "nothing"
        guard type.lowercased().hasPrefix("text/event-stream") else { throw .badResponse("Content-Type is \(type), not text/event-stream") }
        connectedAt = .now
        everConnected = true
    }

    private func heard() {
        failures = 0
        lastContact = .now
    }

    private func refused(_ transfer: CurlTransfer, _ head: HTTPResponse) throws(HTTPError) -> Step? {
        if head.status == 204 {
            state = .ended
            return nil
        }
        let isStalled = transfer.lastByte + options.stallTimeout <= .now
        if transfer.outcome == nil && !isStalled {
            return try client.wait(transfer.lastByte + options.stallTimeout - .now, interrupt: interrupt) ? .interrupted : nil
        }
        var response = head
        response.body = transfer.takeReceived()
        return try dropped(.failed(.refused(response)))
    }

    /// Schedules another attempt, or gives up.
    private func dropped(_ reason: Reason) throws(HTTPError) -> Step {
        // A connection that held for long was contact too, even if the run had nothing to say.
        if let connectedAt, connectedAt + options.stallTimeout <= .now { heard() }
        failures += 1
        var retryAfter: Duration?
        if case .failed(let error) = reason {
            guard error.isPassing, everConnected || options.policy.retriesFirstContact else { throw error }
            if case .refused(let response) = error {
                retryAfter = response.header("Retry-After").flatMap { Int64(outside: $0, clampedTo: 0...86_400) }.map { .seconds($0) }
            }
        }
        let left = options.policy.giveUpAfter - lastContact.duration(to: .now)
        guard left > .zero else { throw Self.error(reason) }
        let wait = options.policy.wait(failures: failures, retry: retry, retryAfter: retryAfter, chance: chance(), limits: client.limits)
        // The last attempt falls on the deadline, not beyond it.
        return schedule(after: min(wait, left), reason)
    }

    private func schedule(after wait: Duration, _ reason: Reason) -> Step {
        state = .waiting(until: .now + wait)
        return .reconnecting(after: wait, because: reason, failures: failures)
    }

    private static func error(_ reason: Reason) -> HTTPError {
        switch reason {
        case .endedEarly: .broken("the stream ended without its end marker")
        case .failed(let error): error
        }
    }
}
