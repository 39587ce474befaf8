/// Events that a runner reported and that have no numbers yet, in order: envelopes (`{"event": "log", "data": {...}}`) end to end in one buffer.
///
/// One per runner, emptied and used again, so that an event costs no allocation. `RunnerLine` fills it, `Job.append` drains it.
package struct EventBatch: Sendable {
    /// The envelopes' bytes, end to end. Each is one line of valid UTF-8 JSON in the wire's spelling, without CR, LF, U+0085, U+2028, U+2029 in it.
    package var bytes: [UInt8] = []
    /// Where in `bytes` each envelope ends.
    package private(set) var ends: [Int] = []
    /// What the last `progress` event among them said, nil when there is none, and which one it is.
    package private(set) var progress: (value: JobProgress, index: Int)?

    package init() {}

    package var count: Int { ends.count }
    package var isEmpty: Bool { ends.isEmpty }

    /// Closes the envelope that was appended to `bytes` since the last call.
    package mutating func endEnvelope() {
        ends.append(bytes.count)
    }

    /// The same, for a `progress` event.
    package mutating func endEnvelope(progress value: JobProgress) {
        progress = (value, ends.count)
        ends.append(bytes.count)
    }

    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        progress = nil
    }

    /// The bytes of one envelope.
    package func range(_ index: Int) -> Range<Int> {
        (index == 0 ? 0 : ends[index - 1])..<ends[index]
    }
}
