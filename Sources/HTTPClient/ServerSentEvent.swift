/// One dispatched event of a `text/event-stream`.
package struct ServerSentEvent: Sendable, Equatable {
    /// The last id that the stream has given, this event's own included; empty if none.
    package var id: String
    /// `message` unless the stream named it.
    package var name: String
    /// The data lines, joined with LF.
    package var data: String

    package init(id: String, name: String = "message", data: String) {
        self.id = id
        self.name = name
        self.data = data
    }
}
