import EventLoop
import HTTP
import Jobs
import Logging
import Storage

/// The calls, on one serving loop: checks each request, gives it to its handler, answers.
///
/// Handlers are synchronous and never wait: what needs the store is parked, and answered when the store's answer arrives in the loop's
/// inbox. Confined to its loop.
package final class APIServer {
    let context: APIContext
    let sources: LogSources
    let mailbox: APIMailbox
    private let router = Call.router()
    private let checks: RequestChecks
    private let lot: ParkingLot
    /// `/openapi.json`, rendered once.
    let openAPIDocument: SharedBytes

    /// On the loop, or before it runs.
    ///
    /// - Throws: when the kernel has no descriptor left for the inbox.
    package init(loop: Loop, context: APIContext) throws(SystemError) {
        let lot = ParkingLot()
        self.lot = lot
        self.context = context
        checks = RequestChecks(settings: context.settings, clock: context.clock)
        openAPIDocument = OpenAPI.document(version: context.settings.version)
        sources = LogSources(readers: context.readers)
        mailbox = try APIMailbox(loop: loop) { lot.deliver($0) }
    }

    /// Starts to serve on a listening socket.
    ///
    /// - Parameters:
    ///   - loop: on it, or before it runs.
    ///   - listenFD: from `Socket.listen`; several loops may share a port.
    ///   - limits: HTTP's bounds.
    ///   - context: what all loops share.
    /// - Returns: the HTTP server, to drain it by. It is kept alive by the loop, and keeps the calls alive.
    /// - Throws: when the kernel refuses something.
    package static func serve(
        loop: Loop, listenFD: consuming OwnedFD, limits: Limits, context: APIContext
    ) throws(SystemError) -> Server {
        let api = try APIServer(loop: loop, context: context)
        let server = try Server(
            loop: loop, limits: limits, listenFD: listenFD, counters: context.counters,
            handler: { request, reply in api.handle(request, reply) },
            refuse: { APIServer.refusal($0, $1, limits: limits, origins: context.settings.origins) })
        if context.logger.logLevel <= .debug { server.onAnswered = AccessLog(context.logger).answered }
        return server
    }

    /// Answers one request.
    package func handle(_ request: borrowing Request, _ reply: consuming Reply) {
        let head = checks.head(of: request)
        let exchange = Exchange(head.caller, reply)
        let match = router.match(request)
        do throws(Problem) {
            switch try checks.admit(request, head, match) {
            case .options(let response): exchange.send(response)
            case .call(let call, let id): dispatch(call, id, request, exchange)
            }
        } catch {
            exchange.refuse(error)
        }
    }

    private func dispatch(_ call: Call, _ id: [UInt8], _ request: borrowing Request, _ exchange: consuming Exchange) {
        switch call {
        case .submit: submitRun(request, exchange)
        case .list: listRuns(request, exchange)
        case .status: runStatus(id, exchange)
        case .result: runResult(id, exchange)
        case .cancel: cancelRun(id, exchange)
        case .delete: deleteRun(id, exchange)
        case .stream: streamRun(id, request, exchange)
        case .token: issueToken(id, request, exchange)
        case .health: health(exchange)
        case .ready: ready(exchange)
        case .stats: stats(exchange)
        case .metrics: metrics(exchange)
        case .openAPI: openAPI(exchange)
        }
    }

    /// Parks a request until the store has answered.
    ///
    /// - Parameters:
    ///   - exchange: the request.
    ///   - ask: passes the waiter to the store; it is answered exactly once, at the earliest in the loop's next turn.
    ///   - resume: answers the request, knowing what `ask` returned; on the loop.
    func wait<Outcome>(
        _ exchange: consuming Exchange, ask: (StoreWaiter) -> Outcome,
        resume: @escaping (StoreAnswer, Outcome, consuming Exchange) -> Void
    ) {
        let parked = lot.park(exchange)
        let outcome = ask(StoreWaiter(observer: mailbox, ticket: parked.ticket))
        lot.resume(parked) { arrival, exchange in
            guard case .store(let answer) = arrival else { return exchange.refuse(.internalError) }
            resume(answer, outcome, exchange)
        }
    }

    /// Parks a request until the store has answered.
    func wait(
        _ exchange: consuming Exchange, ask: (StoreWaiter) -> Void, resume: @escaping (StoreAnswer, consuming Exchange) -> Void
    ) {
        wait(exchange, ask: ask) { (answer, _: Void, exchange) in resume(answer, exchange) }
    }

    /// Parks a request until a page of a log is there: nil when there is none any more, or it cannot be read.
    func waitForFrames(
        _ exchange: consuming Exchange, of id: JobID, after sequence: UInt64, resume: @escaping (LogPage?, consuming Exchange) -> Void
    ) {
        let parked = lot.park(exchange)
        lot.resume(parked) { arrival, exchange in
            guard case .frames(let page) = arrival else { return exchange.refuse(.internalError) }
            resume(page, exchange)
        }
        context.readers.frames(id, from: .sequence(sequence), observer: FramesWaiter(mailbox: mailbox, ticket: parked.ticket))
    }
}
