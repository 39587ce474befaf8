import Jobs

/// What only one viewer gets, in front of the log's own bytes: SSE text.
///
/// Without an event it ends inside a block: the log's first event ends that block. A blank line of its own would make httpx-sse and
/// libraries like it hand their user an empty event.
package struct Preamble {
    /// The text so far.
    package private(set) var bytes: [UInt8] = []

    /// - Parameters:
    ///   - id: the run, told in a comment.
    ///   - retryMilliseconds: how long a browser is to wait before it comes back.
    package init(_ id: JobID, retryMilliseconds: Int) {
        bytes = Array("retry: \(retryMilliseconds)\n: \(id)\n".utf8)
    }

    /// Adds an event.
    ///
    /// - Parameters:
    ///   - envelope: one line of JSON.
    ///   - id: where the viewer goes on when it comes back: after the event with this number. Nil leaves its cursor as it is.
    package mutating func event(_ envelope: [UInt8], id: UInt64?) {
        if let id { bytes += Array("id: \(id)\n".utf8) }
        bytes += Array("data: ".utf8) + envelope + Array("\n\n".utf8)
    }

    /// Tells a viewer that events it has not seen are gone for good.
    ///
    /// - Parameters:
    ///   - requested: the viewer's cursor, 0 without one.
    ///   - oldest: the first event that is still there.
    ///   - status: the run's status body.
    package mutating func gap(requested: UInt64, oldest: UInt64, status: StatusBody) {
        let head = "{\"event\": \"gap\", \"data\": {\"requested\": \(requested), \"oldest\": \(oldest), \"job\": "
        event(Array(head.utf8) + status.bytes + Array("}}".utf8), id: nil)
    }
}
