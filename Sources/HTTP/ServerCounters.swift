import EventLoop

/// What all loops' servers count together; for `/metrics` and for the bounds that hold for all of them. Any thread.
package final class ServerCounters: Sendable {
    /// Open client sockets, streams included.
    package let connections = Gauge()
    /// Open streams.
    package let streams = Gauge()
    package let connectionsAccepted = Counter()
    /// Connections that got no request served, since there were too many.
    package let connectionsRefused = Counter()
    package let streamsOpened = Counter()
    /// Requests refused for the form of their head.
    package let requestsRefused = Counter()
    /// Requests that did not arrive within their time.
    package let requestsTimedOut = Counter()
    /// Requests whose connection was closed, since too many bytes of requests waited in memory.
    package let requestsCutOff = Counter()
    /// Requests that were answered 503 because what they waited for took too long.
    package let repliesTimedOut = Counter()
    /// Requests whose client left while they waited.
    package let repliesAbandoned = Counter()
    /// Bytes that streams were sent, heads and heartbeats included.
    package let bytesSent = Counter()
    /// Events (chunks of a log) that streams were sent whole.
    package let eventsSent = Counter()
    package let heartbeatsSent = Counter()
    /// `send` calls for streams.
    package let sendCalls = Counter()
    /// Sends that the kernel had no room for, or only for a part.
    package let sendsBlocked = Counter()
    /// Streams closed because their client took nothing for too long.
    package let streamsTimedOut = Counter()
    /// From a publication to the end of the walk that showed it to every stream of one loop.
    package let fanOut = Histogram()

    private let answers: [Counter]

    package init() {
        answers = (0..<500).map { _ in Counter() }
    }

    /// Counts an answer. Statuses outside 100...599 count as 500.
    func answered(_ status: Int) {
        answers[(100..<600).contains(status) ? status - 100 : 400].add()
    }

    /// How many answers had each status, streams included; those that never occurred are left out.
    package var answersByStatus: [(status: Int, count: UInt64)] {
        answers.enumerated().compactMap { index, counter in
            let count = counter.value
            return count == 0 ? nil : (index + 100, count)
        }
    }
}
