import Jobs

/// What only one viewer gets, in front of the log's own bytes: SSE text.
///
/// It ends inside a block unless it holds an event, so that no blank line ever ends an event without data:
/// httpx-sse and its kind would hand their user an empty one.
package struct Preamble {
    /// The text so far.
    package private(set) var bytes: [UInt8] = []

    /// - Parameters:
    ///   - id: the run, told in a comment.
    ///   - retryMilliseconds: how long a browser is to wait before it comes back.
    package init(_ id: JobID, retryMilliseconds: Int) {
        bytes = Array("retry: \(retryMilliseconds)\n: \(id)\n".utf8)
    }

    /// Adds an event without an id, which does not move the viewer's cursor.
    ///
    /// - Parameter envelope: one line of JSON.
    package mutating func event(_ envelope: [UInt8]) {
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
        event(Array(head.utf8) + status.bytes + Array("}}".utf8))
    }
}
