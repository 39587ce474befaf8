import HTTP

/// What is kept of a request to answer it later.
struct Caller: Sendable {
    let base: BaseURL
    /// CORS headers, for every answer.
    let headers: [(name: String, value: String)]
    let isHead: Bool
    /// What the body's size is refused with, in its place in the order of checks: after the look-up of the run.
    let bodyProblem: Problem?
}

/// A request's caller and the one right to answer it.
struct Exchange: ~Copyable {
    let caller: Caller
    let reply: Reply

    init(_ caller: Caller, _ reply: consuming Reply) {
        self.caller = caller
        self.reply = reply
    }

    /// Answers with JSON.
    consuming func send(_ status: Int, _ json: [UInt8], headers: [(name: String, value: String)] = []) {
        var all = Self.json
        if !headers.isEmpty { all += headers }
        send(Response(status: status, headers: all, body: .bytes(json)))
    }

    private static let json = [(name: "Content-Type", value: MediaType.json), (name: "Cache-Control", value: "no-store")]

    /// Answers with a problem document.
    consuming func refuse(_ problem: Problem) {
        send(problem.response)
    }

    consuming func send(_ response: Response) {
        guard !caller.headers.isEmpty else { return reply.send(response) }
        var response = response
        response.headers += caller.headers
        reply.send(response)
    }

    consuming func park(in replies: ParkedReplies) -> Ticket {
        reply.park(in: replies)
    }

    consuming func stream(_ opening: StreamOpening, isEnded: Bool) {
        var opening = opening
        opening.headers += caller.headers
        if isEnded { reply.endedStream(opening) } else { reply.stream(opening) }
    }
}

extension Problem {
    var response: Response {
        let type = [(name: "Content-Type", value: MediaType.problem), (name: "Cache-Control", value: "no-store")]
        return Response(status: status, headers: type + headers, body: .bytes(body), closesConnection: closesConnection)
    }
}
