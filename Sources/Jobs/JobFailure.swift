/// What is known of a failed attempt besides its error: how its program ended, and what it said last.
package struct JobFailure: Sendable, Equatable {
    /// Nil if a signal ended the program, or the server did.
    package var exitStatus: Int?
    /// The signal that ended it.
    package var signal: Int?
    /// The last lines of stderr, joined by LF; empty if there were none.
    package var stderrTail: String

    package init(exitStatus: Int? = nil, signal: Int? = nil, stderrTail: String) {
        self.exitStatus = exitStatus
        self.signal = signal
        self.stderrTail = stderrTail
    }

    /// As the wire and the store have it (contract, Runners).
    var json: [UInt8] {
        var json = JSONText()
        json.raw("{\"exit_status\": \(exitStatus.map { String($0) } ?? "null"), \"signal\": \(signal.map { String($0) } ?? "null"), ")
        json.raw("\"stderr_tail\": ")
        json.string(stderrTail)
        json.raw("}")
        return json.bytes
    }
}
