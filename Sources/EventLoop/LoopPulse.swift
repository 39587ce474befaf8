import CLibevent
import Glibc
import Synchronization

/// What other threads may know of a loop without asking it: when it turned last, and what it has been at since. Any thread.
package final class LoopPulse: Sendable {
    /// The loop's name.
    package let name: String
    private let lastBeat = Atomic<UInt64>(0)
    /// The address of a static text, which never goes; 0: nothing.
    private let activity = Atomic<UInt>(0)
    private let threadID = Atomic<Int32>(0)

    init(name: String) { self.name = name }

    /// When the loop last ran what was due; nil before the first time.
    package var last: Monotonic? {
        let beat = lastBeat.load(ordering: .relaxed)
        return beat == 0 ? nil : Monotonic(nanoseconds: beat)
    }

    /// On the loop.
    func beat(_ now: Monotonic) { lastBeat.store(now.nanoseconds, ordering: .relaxed) }

    /// Notes what the loop begins to do. On the loop; one store.
    func note(_ text: StaticString) { unsafe activity.store(UInt(bitPattern: text.utf8Start), ordering: .relaxed) }

    /// Notes the loop's thread, which is the calling one.
    func noteThread() { threadID.store(rs_thread_id(), ordering: .relaxed) }

    /// What the loop is at, in words: the last thing that it began, and what the kernel says of its thread.
    package var description: String {
        let began = unsafe UnsafePointer<CChar>(bitPattern: activity.load(ordering: .relaxed)).map { unsafe String(cString: $0) }
        return "\(began ?? "its start"), \(threadState)"
    }

    private var threadState: String {
        let path = "/proc/self/task/\(threadID.load(ordering: .relaxed))/stat"
        let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return "thread unknown" }
        defer { close(fd) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = unsafe read(fd, &bytes, bytes.count)
        guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")), end + 2 < count else { return "thread unknown" }
        switch bytes[end + 2] {
        case UInt8(ascii: "R"): return "computing"
        case UInt8(ascii: "D"): return "waiting for a disk"
        case UInt8(ascii: "S"): return "waiting for a lock or a call"
        case UInt8(ascii: "T"), UInt8(ascii: "t"): return "stopped from outside"
        default: return "thread unknown"
        }
    }
}

/// Finds loops that don't turn. Pure: the time is passed in.
package struct Watchdog {
    package enum Finding: Equatable {
        /// It has not turned for that long.
        case stuck(loop: String, seconds: Int, at: String)
        /// It turns again.
        case turning(loop: String)
    }

    private let pulses: [LoopPulse]
    private let limit: Duration
    private var stuck: Set<Int> = []

    /// - Parameters:
    ///   - pulses: of the loops, each of which has a `LoopLag`.
    ///   - limit: how long a loop may take for one turn.
    package init(_ pulses: [LoopPulse], limit: Duration) {
        self.pulses = pulses
        self.limit = limit
    }

    /// The first loop that is stuck; nil if all of them turn.
    package var stuckLoop: String? { stuck.min().map { pulses[$0].name } }

    /// What has changed since the last look.
    package mutating func look(now: Monotonic) -> [Finding] {
        var findings: [Finding] = []
        for (index, pulse) in pulses.enumerated() {
            guard let last = pulse.last else { continue }
            let silence = now - last
            if silence >= limit, stuck.insert(index).inserted {
                findings.append(.stuck(loop: pulse.name, seconds: Int(silence.components.seconds), at: pulse.description))
            } else if silence < limit, stuck.remove(index) != nil {
                findings.append(.turning(loop: pulse.name))
            }
        }
        return findings
    }
}
