/// Where a viewer says it was: the number of the last event it has seen.
package struct StreamCursor: Sendable, Equatable {
    /// 0: nothing yet. A number beyond every log stands for the head.
    package let sequence: UInt64

    /// - Returns: nil for what is no whole number, which counts as no cursor. A negative number is 0 (LangGraph's SDK sends -1).
    package init?(_ text: String?) {
        guard let text = text.map({ $0[...].trimmingSpaces }) else { return nil }
        let isNegative = text.hasPrefix("-")
        let digits = isNegative ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        sequence = isNegative ? 0 : UInt64(text) ?? .max
    }

    /// The `Last-Event-ID` header, else the query's `last_event_id`.
    package init?(header: String?, query: String?) {
        guard let cursor = Self(header) ?? Self(query) else { return nil }
        self = cursor
    }
}
