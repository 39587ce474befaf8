import Jobs

/// The plain lines of a runner's stdout, joined with LF: the run's result when it reports none. Blank lines count between others only.
struct PlainText {
    private var bytes: [UInt8] = []
    private var blankLines = 0
    private(set) var isTruncated = false

    /// Adds a line.
    ///
    /// - Parameters:
    ///   - line: without its ending.
    ///   - droppedBytes: what was cut off it.
    mutating func append(_ line: RawSpan, droppedBytes: Int) {
        guard line.byteCount > 0 else {
            if !bytes.isEmpty { blankLines += 1 }
            return
        }
        guard !isTruncated else { return }
        let feeds = bytes.isEmpty ? 0 : blankLines + 1
        blankLines = 0
        isTruncated = droppedBytes > 0
        let room = Limits.plainTextBytes - bytes.count - feeds
        guard room > 0 else {
            isTruncated = true
            return
        }
        bytes.append(contentsOf: repeatElement(0x0A, count: feeds))
        var kept = line.byteCount
        if kept > room {
            kept = UTF8Check.boundary(in: line, atOrBefore: room)
            isTruncated = true
        }
        let piece = line.extracting(0..<kept)
        unsafe piece.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// The text as a result; nil when there is none.
    var result: JobResult? {
        guard !bytes.isEmpty else { return nil }
        return JobResult(json: JSONText.string(bytes), isTruncated: isTruncated)
    }
}
