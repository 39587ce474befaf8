/// Where a run stands. queued -> running -> succeeded | failed | cancelled; a retry goes back to queued.
///
/// The raw values are what the store keeps; never renumber them.
package enum JobStatus: UInt8, Sendable, CaseIterable {
    case queued = 0
    case running = 1
    case succeeded = 2
    case failed = 3
    case cancelled = 4

    /// The word on the wire.
    package var name: String {
        switch self {
        case .queued: "queued"
        case .running: "running"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .cancelled: "cancelled"
        }
    }

    /// - Parameter name: a word of the wire, or `pending`, which PraisonAI's clients say for `queued`.
    package init?(name: String) {
        guard name != "pending" else {
            self = .queued
            return
        }
        guard let status = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = status
    }

    /// Whether the run has ended for good.
    package var isTerminal: Bool {
        switch self {
        case .queued, .running: false
        case .succeeded, .failed, .cancelled: true
        }
    }

    /// Whether a run may go from this status to `next`.
    package func mayBecome(_ next: JobStatus) -> Bool {
        switch self {
        case .queued: next == .running || next == .cancelled || next == .failed
        case .running: next != .running
        case .succeeded, .failed, .cancelled: false
        }
    }
}
