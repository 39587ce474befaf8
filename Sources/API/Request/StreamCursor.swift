import Support

/// Where a viewer says it was: the number of the last event it has seen.
package struct StreamCursor: Sendable, Equatable {
    /// 0: nothing yet. A number beyond every log stands for the head.
    package let sequence: UInt64

    /// A negative number counts as 0 (LangGraph's SDK sends -1), one beyond 64 bits as the largest.
    ///
    /// - Returns: nil if the text isn't a whole number: it is then ignored.
    package init?(_ text: String?) {
        guard let text = text.map({ $0[...].trimmingSpaces }), let number = UInt64(outside: text, clampedTo: 0 ... .max) else { return nil }
        sequence = number
    }

    /// The `Last-Event-ID` header, else the query's `last_event_id`.
    package init?(header: String?, query: String?) {
        guard let cursor = Self(header) ?? Self(query) else { return nil }
        self = cursor
    }
}
