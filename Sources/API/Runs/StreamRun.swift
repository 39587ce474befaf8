import HTTP
import Jobs

extension APIServer {
    /// `GET /api/v1/runs/{id}/stream`: finds the viewer's place in the log; from there on HTTP's fan-out sends what lies between it and
    /// the head.
    func streamRun(_ id: [UInt8], _ request: borrowing Request, _ exchange: consuming Exchange) {
        let type = Accept(request.headers("Accept")).choose(Call.stream.rules.offers)
        let cursor = StreamCursor(header: request.header("Last-Event-ID"), query: request.query("last_event_id"))
        let from = request.query("from")
        withRun(id, exchange) { [self] job, exchange in
            let wish: StreamWish
            do throws(Problem) {
                wish = try StreamWish(cursor: cursor, from: from, isNDJSON: type == MediaType.ndjson)
            } catch {
                return exchange.refuse(error)
            }
            openStream(job, wish, exchange)
        }
    }

    private func openStream(_ job: Job, _ wish: StreamWish, _ exchange: consuming Exchange) {
        // The head before the log's end: if the log had not ended after the head was taken, the head lies before its end.
        let now = job.log.now()
        let view = job.log.view()
        guard view.ending != .cut else { return exchange.refuse(.noJob(job.id.description)) }
        switch wish.answer(hasEnded: view.ending == .done, last: view.lastSequence, isFresh: isFresh(job)) {
        case .nothingLeft: exchange.send(Response(status: 204))
        case .alreadyCompleted: exchange.refuse(.alreadyCompleted(job.id, job.published.snapshot.status))
        case _ where exchange.caller.isHead: exchange.send(Self.headOnly(wish))
        case _ where context.state.isDraining: begin(job, wish, at: now.head, newPreamble(job), exchange)
        case .now:
            var preamble = newPreamble(job)
            preamble.event(now.progress, id: now.lastSequence)
            begin(job, wish, at: now.head, preamble, exchange)
        case .after(let sequence): resume(job, wish, after: sequence, exchange)
        }
    }

    /// So that submit-then-stream never races with a fast run: its end is news until somebody has been told of it, for a minute.
    private func isFresh(_ job: Job) -> Bool {
        guard !job.wasSeenTerminal, let completedAt = job.published.snapshot.completedAt else { return false }
        return context.clock() - completedAt <= .seconds(APILimits.unseenEndSeconds)
    }

    private func resume(_ job: Job, _ wish: StreamWish, after sequence: UInt64, _ exchange: consuming Exchange) {
        switch job.log.locate(after: sequence) {
        case .offset(let offset, let oldest): resume(job, wish, after: sequence, at: offset, oldest, exchange)
        case .stored:
            waitForFrames(exchange, of: job.id, after: sequence) { [self] page, exchange in
                guard let page else {
                    let isGone = job.log.view().ending == .cut
                    return exchange.refuse(isGone ? .noJob(job.id.description) : .storeUnavailable)
                }
                let (offset, oldest) = page.locate(after: sequence)
                resume(job, wish, after: sequence, at: offset, oldest, exchange)
            }
        }
    }

    private func resume(
        _ job: Job, _ wish: StreamWish, after sequence: UInt64, at offset: Int, _ oldest: UInt64?, _ exchange: consuming Exchange
    ) {
        var preamble = newPreamble(job)
        if let oldest { preamble.gap(requested: sequence, oldest: oldest, status: job.statusBody) }
        begin(job, wish, at: offset, preamble, exchange)
    }

    private func newPreamble(_ job: Job) -> Preamble {
        Preamble(job.id, retryMilliseconds: context.random.number(in: APILimits.retryMilliseconds))
    }

    private func begin(_ job: Job, _ wish: StreamWish, at offset: Int, _ preamble: Preamble, _ exchange: consuming Exchange) {
        exchange.stream(
            StreamOpening(
                source: sources.source(of: job.log), position: offset, prefix: preamble.bytes,
                transcoder: wish.isNDJSON ? NDJSONTranscoder() : nil),
            isEnded: context.state.isDraining)
    }

    /// HEAD: what a GET would begin with.
    private static func headOnly(_ wish: StreamWish) -> Response {
        Response(
            status: 200,
            headers: StreamOpening.headers(contentType: wish.isNDJSON ? MediaType.ndjson : MediaType.eventStream), body: .stream,
            closesConnection: true)
    }
}
