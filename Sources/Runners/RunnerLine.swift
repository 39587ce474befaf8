import Glibc
import Jobs

/// An event's first step: a line that a runner wrote becomes an envelope (`{"event": "log", "data": {...}}`) in an `EventBatch`.
/// `ProcessRunner` calls it; `Job.append` is next.
///
/// One pass checks the line's JSON and re-spaces it; it is not decoded into objects and encoded again. Members may stand in any order,
/// their names may be escaped; of a member that is given twice the last counts, as in most parsers. One for all runners of a loop: it holds
/// nothing but memory to work in.
@safe package struct RunnerLine: ~Copyable {
    /// What a line was.
    package enum Outcome: Sendable, Equatable {
        /// An event, appended to the batch.
        case event
        /// The run's result, as JSON; shown to no viewer.
        case result([UInt8])
        /// No event: its text was appended to the batch as a `log`, and counts for the run's plain result.
        case plain
        /// Nothing.
        case empty
    }

    private var scratch: UnsafeMutableBufferPointer<UInt8>

    package init() {
        unsafe scratch = .allocate(capacity: JSONScanner.capacity(for: 4096))
    }

    deinit {
        unsafe scratch.deallocate()
    }

    /// Reads one line of stdout, its line ending left out.
    ///
    /// - Parameters:
    ///   - line: any bytes; what is no UTF-8 in them becomes U+FFFD.
    ///   - progress: what the attempt said last; what a `progress` event leaves out stays as it was.
    ///   - batch: takes the envelope.
    /// - Returns: what the line was.
    package mutating func read(_ line: RawSpan, progress: inout JobProgress, into batch: inout EventBatch) -> Outcome {
        guard line.byteCount > 0 else { return .empty }
        return unsafe line.withUnsafeBytes { bytes in
            unsafe read(bytes.bindMemory(to: UInt8.self), progress: &progress, into: &batch)
        }
    }

    private mutating func read(
        _ line: UnsafeBufferPointer<UInt8>, progress: inout JobProgress, into batch: inout EventBatch
    ) -> Outcome {
        makeRoom(for: line.count)
        guard let destination = unsafe scratch.baseAddress else { return .empty }
        var scan = unsafe LineScan(line, into: destination)
        if unsafe line[0] == UInt8(ascii: "{") || line[0] <= 0x20, scan.run() {
            let event = unsafe LineEvent(destination, scan)
            if let outcome = event.append(to: &batch, progress: &progress) { return outcome }
        } else if scan.failure == .notUTF8 {
            let repaired = unsafe UTF8Check.repaired(line)
            return unsafe repaired.withUnsafeBufferPointer { unsafe read($0, progress: &progress, into: &batch) }
        }
        unsafe LogEnvelope.append(line, .plain, to: &batch)
        return .plain
    }

    /// Grows the memory to what a line of `count` bytes needs.
    private mutating func makeRoom(for count: Int) {
        let needed = JSONScanner.capacity(for: count)
        guard unsafe needed > scratch.count else { return }
        unsafe scratch.deallocate()
        unsafe scratch = .allocate(capacity: needed)
    }
}

/// The scan of a whole line that may be an event: an object, whose members `event` and `data` are noted on the way. Offsets count from the
/// destination.
@safe struct LineScan {
    private var scanner: JSONScanner
    private let base: UnsafePointer<UInt8>
    /// The last member `event`, from its name's quote to its value's end, and its value.
    private(set) var eventMember = 0..<0
    private(set) var eventValue = 0..<0
    private(set) var eventCount = 0
    /// The last member `data`'s value; nil when there is none.
    private(set) var dataValue: Range<Int>?
    private(set) var memberCount = 0
    /// Whether the line is already its envelope: `event`, then `data`, spelled plainly, and nothing else.
    var isEnvelope: Bool { memberCount == 2 && isInOrder }
    private var isInOrder = false
    var failure: JSONFailure { scanner.failure }
    /// How many bytes the re-spaced line has.
    var length: Int { scanner.position }

    init(_ line: UnsafeBufferPointer<UInt8>, into destination: UnsafeMutablePointer<UInt8>) {
        unsafe scanner = JSONScanner(line, into: destination)
        unsafe base = UnsafePointer(destination)
    }

    /// Scans the line; false if it is no JSON object, or too deep, or no UTF-8.
    mutating func run() -> Bool {
        guard scanner.peek() == UInt8(ascii: "{") else { return false }
        scanner.take()
        if scanner.peek() != UInt8(ascii: "}") {
            repeat {
                guard member() else { return false }
            } while scanner.takeSeparator(UInt8(ascii: ","))
        }
        guard scanner.peek() == UInt8(ascii: "}") else { return false }
        scanner.take()
        return scanner.peek() == 0 && scanner.isAtEnd
    }

    @inline(__always)
    private mutating func member() -> Bool {
        let start = scanner.position
        guard scanner.key() else { return false }
        let nameCount = scanner.position - start - 4
        let valueStart = scanner.position
        guard scanner.value(depthLimit: Limits.jsonDepth - 1) else { return false }
        let name = unsafe base + start + 1
        if unsafe JSONName.matches(name, nameCount, "data") {
            dataValue = valueStart..<scanner.position
            isInOrder = memberCount == 1 && isInOrder && nameCount == 4
        } else if unsafe JSONName.matches(name, nameCount, "event") {
            eventMember = start..<scanner.position
            eventValue = valueStart..<scanner.position
            eventCount += 1
            isInOrder = memberCount == 0 && nameCount == 5
        } else {
            isInOrder = false
        }
        memberCount += 1
        return true
    }
}
