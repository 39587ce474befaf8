/// What a loop may send of one log: an immutable value, taken under one short lock once per wake and then read without any.
@safe package struct LogView: Sendable {
    /// Oldest first; without holes between them.
    var segments: [LogSegment]
    /// The first byte in memory. Older ones are in the store.
    package var start: Int
    /// The end of what may be shown.
    package var head: Int
    /// The number of the last event below `head`; 0 when there is none.
    package var lastSequence: UInt64
    /// Nil while more may come behind `head`.
    package var ending: LogEnding?

    /// Calls `body` with the bytes from `offset` to the end of its segment or `head`. `start <= offset < head`.
    @inline(__always)
    package func withBytes<Result>(at offset: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        precondition(offset >= start && offset < head)
        let index = segmentIndex(of: offset)
        let end = index + 1 < segments.count ? segments[index + 1].startOffset : head
        return unsafe body(segments[index].bytes(from: offset, to: end))
    }

    /// The segment that holds an offset: as a rule the last one.
    @inline(__always)
    private func segmentIndex(of offset: Int) -> Int {
        var index = segments.count - 1
        if offset >= segments[index].startOffset { return index }
        var low = 0
        while low < index {
            let middle = (low + index + 1) / 2
            if segments[middle].startOffset <= offset { low = middle } else { index = middle - 1 }
        }
        return low
    }

    /// Finds the first event after `sequence`, which must be one of those in memory or directly before them.
    /// - Returns: its offset, and its own number if events between it and `sequence` are gone for good.
    func locate(after sequence: UInt64) -> (offset: Int, oldest: UInt64?) {
        let index = segments.lastIndex { $0.firstSequence <= sequence } ?? 0
        var previous: UInt64?
        for at in index..<segments.count {
            let end = at + 1 < segments.count ? segments[at + 1].startOffset : head
            let start = segments[at].startOffset
            let found = unsafe FrameSearch.after(sequence, in: segments[at].bytes(from: start, to: end), previous: &previous)
            if let found { return (start + found.offset, found.oldest) }
        }
        return (head, nil)
    }
}

/// Why a log has ended.
package enum LogEnding: Sendable {
    /// `[DONE]` is its last frame.
    case done
    /// The run was deleted.
    case cut
}

/// A piece of a log read back from the store: immutable, shared by all streams that need it.
package final class LogPage: Sendable {
    package let bytes: [UInt8]
    /// Where its first frame begins, counted from the start of the log.
    package let start: Int
    package let firstSequence: UInt64
    /// The oldest event that the store kept when this was read.
    package let oldest: LogOldest

    package init(_ frames: StoredFrames) {
        bytes = frames.bytes
        start = frames.startOffset
        firstSequence = frames.firstSequence
        oldest = frames.oldest
    }

    /// The offset behind its last frame.
    package var head: Int { start + bytes.count }

    /// Calls `body` with the bytes from `offset` on. `start <= offset < head`.
    package func withBytes<Result>(at offset: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        precondition(offset >= start && offset < head)
        return unsafe bytes.withUnsafeBytes { all in unsafe body(UnsafeRawBufferPointer(rebasing: all[(offset - start)...])) }
    }

    /// Finds the first event after `sequence`.
    /// - Returns: its offset (`head` when the page ends before it), and its own number if events between it and `sequence` are gone for good.
    package func locate(after sequence: UInt64) -> (offset: Int, oldest: UInt64?) {
        var previous: UInt64?
        let found = unsafe bytes.withUnsafeBytes { unsafe FrameSearch.after(sequence, in: $0, previous: &previous) }
        return found.map { (start + $0.offset, $0.oldest) } ?? (head, nil)
    }
}

/// The scan that ends a resume: frames carry their length, so it hops from one to the next.
enum FrameSearch {
    /// `previous` is the number of the frame before these bytes, then of the last one looked at.
    ///
    /// - Returns: the place of the first greater number, and that number if `sequence` itself was not passed on the way though it should have been.
    static func after(_ sequence: UInt64, in bytes: UnsafeRawBufferPointer, previous: inout UInt64?) -> (offset: Int, oldest: UInt64?)? {
        var reader = unsafe FrameReader(bytes)
        while let frame = unsafe reader.next() {
            if frame.sequence > sequence {
                let isNext = frame.sequence == sequence + 1 || previous == sequence
                return (frame.range.lowerBound, isNext ? nil : frame.sequence)
            }
            previous = frame.sequence
        }
        return nil
    }
}
