import Jobs

/// What a viewer asks for.
struct StreamWish: Sendable {
    enum Beginning: Sendable {
        case start
        case now
    }

    let cursor: StreamCursor?
    /// Nil when the query does not say.
    let from: Beginning?
    let isNDJSON: Bool

    /// - Throws: 400 when the query's `from` is neither `start` nor `now`.
    init(cursor: StreamCursor?, from: String?, isNDJSON: Bool) throws(Problem) {
        self.cursor = cursor
        self.isNDJSON = isNDJSON
        switch from {
        case nil: self.from = nil
        case "start": self.from = .start
        case "now": self.from = .now
        case let other?: throw .unknownFrom(other)
        }
    }

    /// What a viewer gets, by the rules of the contract for runs that have ended.
    enum Answer: Sendable, Equatable {
        /// The events after this one, then what follows live.
        case after(UInt64)
        /// The newest progress event with the head's number, then what follows live.
        case now
        /// 204: it has seen everything; a browser stops reconnecting.
        case nothingLeft
        /// 400: the run has ended and nothing says that this viewer has missed anything.
        case alreadyCompleted
    }

    /// - Parameters:
    ///   - hasEnded: whether the log's published end is its last event, `[DONE]`.
    ///   - last: the number of the last published event.
    ///   - isFresh: whether the run ended less than a minute ago and nobody has been told so yet.
    /// - Returns: what to do.
    func answer(hasEnded: Bool, last: UInt64, isFresh: Bool) -> Answer {
        if let cursor { return hasEnded && cursor.sequence >= last ? .nothingLeft : .after(cursor.sequence) }
        guard hasEnded else { return from == .now ? .now : .after(0) }
        return from == .start || isFresh ? .after(0) : .alreadyCompleted
    }
}
