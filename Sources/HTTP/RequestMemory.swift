/// What of requests waits in a loop's input buffers for the rest, and its bound.
struct RequestMemory {
    /// `Limits.requestBufferBytes`.
    private let limit: Int
    private var bytes = 0
    private var overfull: [Connection] = []

    init(limit: Int) { self.limit = limit }

    /// Counts a change of a connection's input buffer.
    mutating func changed(_ connection: Connection, by change: Int) {
        bytes += change
        if change > 0, bytes > limit { overfull.append(connection) }
    }

    /// A connection's buffer is gone, with so many bytes.
    mutating func released(_ count: Int) { bytes -= count }

    /// Those whose bytes went beyond the bound since the last call.
    mutating func takeOverfull() -> [Connection] {
        guard !overfull.isEmpty else { return [] }
        defer { overfull = [] }
        return overfull
    }

    var isOverfull: Bool { bytes > limit }
}
