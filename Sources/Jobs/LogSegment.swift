import Synchronization

/// A stretch of a log's bytes in memory. Bytes never move or change once written; more are written behind them.
///
/// Sendable: only the job's lock holder writes, always beyond `used`; others read only below an end that was published to them under a lock
/// after the bytes below it were written. `used` itself is read and written under the job's lock alone.
@safe final class LogSegment: @unchecked Sendable {
    /// Where the segment begins, counted from the start of the log.
    let startOffset: Int
    /// The number of its first frame.
    let firstSequence: UInt64
    let capacity: Int
    private let base: UnsafeMutableRawPointer
    private(set) var used = 0
    private let memory: LogMemory

    init(startOffset: Int, firstSequence: UInt64, capacity: Int, memory: LogMemory) {
        self.startOffset = startOffset
        self.firstSequence = firstSequence
        self.capacity = capacity
        self.memory = memory
        unsafe base = .allocate(byteCount: capacity, alignment: 1)
        memory.resident.add(capacity, ordering: .relaxed)
    }

    deinit {
        unsafe base.deallocate()
        memory.resident.subtract(capacity, ordering: .relaxed)
    }

    var free: Int { capacity - used }
    var endOffset: Int { startOffset + used }

    /// Appends one frame, for which there must be room. Under the job's lock.
    @inline(__always)
    func append(sequence: UInt64, data: UnsafeRawBufferPointer, length: Int) {
        precondition(length <= free)
        unsafe EventFrame.write(sequence: sequence, data: data, to: base + used)
        used += length
    }

    /// The bytes between two offsets of the log, both within the part that was published to the caller.
    @inline(__always)
    func bytes(from offset: Int, to end: Int) -> UnsafeRawBufferPointer {
        precondition(offset >= startOffset && offset <= end && end <= startOffset + capacity)
        return unsafe UnsafeRawBufferPointer(start: base + (offset - startOffset), count: end - offset)
    }
}

/// How much memory the logs of all jobs take: counted here, bounded by who asks.
package final class LogMemory: Sendable {
    /// Bytes allocated for segments.
    package let resident = Atomic<Int>(0)
    /// Bytes appended and not yet committed, of all jobs. Runners' pipes are not read while it is over its bound.
    package let unpublished = Atomic<Int>(0)
    package let limits: JobLimits

    package init(limits: JobLimits) {
        self.limits = limits
    }

    var isFull: Bool { resident.load(ordering: .relaxed) > limits.memoryBytes }
}

/// Whole frames that lie together in memory, for the store to write. Holding it keeps their memory.
@safe package struct LogSlice: Sendable {
    private let segment: LogSegment
    private let start: Int
    private let end: Int

    init(segment: LogSegment, start: Int, end: Int) {
        self.segment = segment
        self.start = start
        self.end = end
    }

    package var count: Int { end - start }

    /// The frames' bytes, for the time of the call.
    package func withBytes<Result, Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Result) throws(Failure) -> Result {
        try unsafe body(segment.bytes(from: start, to: end))
    }
}
