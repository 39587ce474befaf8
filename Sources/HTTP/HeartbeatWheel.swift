import EventLoop

/// Visits every stream about once per heartbeat, in many small portions.
///
/// A stream is in one bucket, and a send does not move it: when its bucket comes up, whoever was sent something meanwhile is put
/// off until it would have been silent for long enough. So a send costs the wheel nothing.
struct HeartbeatWheel {
    private static let bucketCount = 64
    /// Ticks per heartbeat.
    private static let ticks = 32

    private var buckets = [[StreamHandle]](repeating: [], count: bucketCount)
    private var position = 0
    private let heartbeat: UInt64

    /// The time between two calls of `tick`.
    let interval: Duration

    init(heartbeat: Duration) {
        self.heartbeat = UInt64(max(1_000_000, heartbeat.nanoseconds))
        interval = .nanoseconds(Int64(self.heartbeat) / Int64(Self.ticks))
    }

    /// How long this stream may be silent: up to a quarter less than the heartbeat, so that streams which were all sent the same
    /// event are not all due in one moment.
    func patience(_ slot: UInt32) -> UInt64 {
        // A multiplicative hash of the slot: neighbours are far apart.
        let share = UInt64((slot &* 2_654_435_761) >> 24)
        return heartbeat - heartbeat / 4 * share / 256
    }

    /// Puts a stream where it comes up after a time, rounded down to a tick but never to none.
    mutating func insert(_ handle: StreamHandle, after nanoseconds: UInt64) {
        let tick = heartbeat / UInt64(Self.ticks)
        let distance = min(max(1, Int(nanoseconds / max(1, tick))), Self.bucketCount - 1)
        buckets[(position + distance) % Self.bucketCount].append(handle)
    }

    /// Moves on and returns who is to be looked at.
    mutating func tick() -> [StreamHandle] {
        position = (position + 1) % Self.bucketCount
        let due = buckets[position]
        buckets[position] = []
        return due
    }
}
