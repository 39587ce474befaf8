/// The appending end of a log: its segments in memory and the numbers of what comes next. A part of the job's state, under the job's lock.
struct LogTail {
    private(set) var segments: [LogSegment] = []
    private(set) var end: LogEnd
    /// The number of the next event. Not `end.sequence + 1` only after a power cut.
    private(set) var nextSequence: UInt64
    private let memory: LogMemory

    init(end: LogEnd, memory: LogMemory) {
        self.end = end
        self.nextSequence = end.sequence + 1
        self.memory = memory
    }

    /// Leaves out numbers that somebody may have seen though they are lost.
    mutating func jumpAfterPowerCut() {
        nextSequence += LogSizes.powerCutJump
    }

    /// Numbers and encodes one event.
    @inline(__always)
    mutating func append(_ data: UnsafeRawBufferPointer) {
        let length = EventFrame.length(sequence: nextSequence, dataLength: data.count)
        if segments.last.map({ $0.free < length }) ?? true { addSegment(holding: length) }
        unsafe segments[segments.count - 1].append(sequence: nextSequence, data: data, length: length)
        end = LogEnd(sequence: nextSequence, offset: end.offset + length)
        nextSequence += 1
        memory.unpublished.add(length, ordering: .relaxed)
    }

    mutating func append(_ data: [UInt8]) {
        unsafe data.withUnsafeBytes { unsafe append($0) }
    }

    private mutating func addSegment(holding length: Int) {
        let usual = segments.last.map { min($0.capacity * 2, LogSizes.largestSegment) } ?? LogSizes.firstSegment
        segments.append(
            LogSegment(startOffset: end.offset, firstSequence: nextSequence, capacity: max(usual, length), memory: memory))
    }

    /// The frames between an earlier end and the present one, in as few pieces as they lie in.
    func slices(after offset: Int) -> [LogSlice] {
        guard offset < end.offset, let index = segments.lastIndex(where: { $0.startOffset <= offset }) else { return [] }
        return segments[index...].map { LogSlice(segment: $0, start: max(offset, $0.startOffset), end: $0.endOffset) }
    }

    /// The number of the frame that begins at an offset where a commit ended.
    func firstSequence(after committed: LogEnd) -> UInt64 {
        segments.first { $0.startOffset >= committed.offset && $0.firstSequence > committed.sequence }
            .map { $0.startOffset == committed.offset ? $0.firstSequence : committed.sequence + 1 } ?? committed.sequence + 1
    }

    /// Lets go of committed segments over the bound: they are in the store.
    mutating func trim(committed: LogEnd, limitBytes: Int) {
        while segments.count > 1, segments[1].startOffset <= committed.offset, committed.offset - segments[0].startOffset > limitBytes {
            segments.removeFirst()
        }
    }

    /// Nothing will be appended any more; who still shows the segments holds them.
    mutating func releaseSegments() {
        segments = []
    }
}
