import Glibc
import HTTPClient

/// Follows a run's stream to its end, through dropped connections, and shows it.
struct RunWatcher {
    /// What to follow, and how long to insist.
    struct Options {
        /// `start` or `now`.
        var from = "start"
        /// Begins after this event; beats `from`.
        var lastEventID: Int?
        var policy = ReconnectPolicy()
        var stallTimeout = Duration.seconds(15)
        /// Repeated in the advice on how to come back.
        var comeBackOptions = ""
    }

    let client: APIClient
    let id: RunIDArgument
    let options: Options
    private var view: EventView
    private var end: (status: String, error: String?)?
    private var lastReason: EventSource.Reason?
    /// Whether the end was told apart from the events.
    private(set) var hasToldEnd = false

    init(_ client: APIClient, id: RunIDArgument, options: Options, view: EventView) {
        self.client = client
        self.id = id
        self.options = options
        self.view = view
    }

    /// Blocks until the run has ended or the user has had enough.
    ///
    /// - Returns: the run's end, or `detached`.
    mutating func watch() throws(CommandFailure) -> ExitStatus {
        let source = try makeSource()
        while true {
            switch try next(source) {
            case .connected: try connected()
            case .event(let event): try show(event)
            case .reconnecting(_, let reason, _): try reconnecting(reason, after: source.lastEventID)
            case .ended: return try finish()
            case .interrupted: return try detach(after: source.lastEventID)
            }
            if !source.hasReadyEvent { try view.flush() }
        }
    }

    private func makeSource() throws(CommandFailure) -> EventSource {
        var source = EventSource.Options()
        source.policy = options.policy
        source.stallTimeout = options.stallTimeout
        let interrupt: InterruptSignal
        do throws(HTTPError) { interrupt = try InterruptSignal(SIGINT) } catch { throw client.failure(error) }
        return EventSource(
            client.request("GET", "\(id.path)/stream?from=\(options.from)"), client: client.http,
            lastEventID: options.lastEventID.map { String($0) } ?? "", options: source, interrupt: interrupt)
    }

    private mutating func next(_ source: EventSource) throws(CommandFailure) -> EventSource.Step {
        do throws(HTTPError) {
            return try source.next()
        } catch {
            try view.flush()
            try view.suspend()
            // A finished run has no "now" to begin with; how it ended is what there is to say.
            if case .refused(let response) = error, response.status == 400, options.from == "now" { return .ended }
            throw client.failure(error)
        }
    }

    private mutating func show(_ event: ServerSentEvent) throws(CommandFailure) {
        let known = RunEvent(event.data)
        if case .complete(let status, let error) = known { end = (status, error) }
        try view.show(known, envelope: event.data, id: event.id)
    }

    private mutating func connected() throws(CommandFailure) {
        if lastReason != nil { try view.notice("Resumed.") }
        lastReason = nil
    }

    /// One notice for each new reason, not one for each attempt.
    private mutating func reconnecting(_ reason: EventSource.Reason, after lastEventID: String) throws(CommandFailure) {
        defer { lastReason = reason }
        guard reason != lastReason else { return }
        let place = lastEventID.isEmpty ? "" : " after event \(lastEventID)"
        switch reason {
        case .endedEarly: try view.notice("The server ended the stream; resuming\(place)")
        case .failed(let error): try view.notice("\(client.failure(error).message)\nTrying to resume\(place)")
        }
    }

    private mutating func finish() throws(CommandFailure) -> ExitStatus {
        try view.flush()
        try view.suspend()
        if end == nil { try fetchEnd() }
        return end.flatMap { ExitStatus(runStatus: $0.status) } ?? .unreachable
    }

    /// A stream that began after its end says nothing: the status does.
    private mutating func fetchEnd() throws(CommandFailure) {
        let run = try client.callJSON("GET", id.path).tree
        let status = run["status"]?.text ?? ""
        guard ExitStatus(runStatus: status) != nil else {
            throw client.failure(.badResponse("the stream has ended, but the run is \(status)"))
        }
        end = (status, run["error"]?.text)
        hasToldEnd = true
        Output.notice("The run has ended: \(status)" + (run["error"]?.text.map { ": \(TerminalText.escape($0))" } ?? ""))
    }

    private mutating func detach(after lastEventID: String) throws(CommandFailure) -> ExitStatus {
        try view.flush()
        try view.suspend()
        let cursor = lastEventID.isEmpty ? "" : " --last-event-id \(lastEventID)"
        Output.notice("Detached; the run goes on. To come back:\n  runstream stream \(id.text)\(cursor)\(options.comeBackOptions)")
        return .detached
    }
}
