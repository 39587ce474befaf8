import Jobs

/// Frames as they are kept: whole ones, dense in number, that one commit brought (or several small ones, see `joins`).
struct LogRow {
    let firstSequence: UInt64
    var lastSequence: UInt64
    let startOffset: Int
    var bytes: [UInt8]

    var endOffset: Int { startOffset + bytes.count }
    var end: LogEnd { LogEnd(sequence: lastSequence, offset: endOffset) }

    /// A commit's frames as rows of at most `limit` bytes, cut between frames; a single frame that is longer is a row of its own.
    static func rows(of commit: JobCommit, limit: Int = StorageSizes.rowBytes) -> [LogRow] {
        var rows: [LogRow] = []
        var offset = commit.expected.end.offset
        for slice in commit.frames where slice.count > 0 {
            unsafe slice.withBytes { bytes in
                unsafe add(bytes, at: offset, limit: limit, to: &rows)
            }
            offset += slice.count
        }
        for index in rows.indices {
            rows[index].lastSequence = index + 1 < rows.count ? rows[index + 1].firstSequence - 1 : commit.end.sequence
        }
        return rows
    }

    private static func add(_ bytes: UnsafeRawBufferPointer, at offset: Int, limit: Int, to rows: inout [LogRow]) {
        if let last = rows.last, last.bytes.count + bytes.count <= limit {
            unsafe rows[rows.count - 1].bytes.append(contentsOf: bytes)
            return
        }
        // As a rule a piece of memory is smaller than a row, and only its first frame is looked at.
        var reader = unsafe FrameReader(bytes)
        var start = 0
        var first: UInt64?
        while let frame = unsafe reader.next() {
            if let sequence = first, frame.range.upperBound - start > limit {
                unsafe rows.append(row(sequence, offset + start, UnsafeRawBufferPointer(rebasing: bytes[start..<frame.range.lowerBound])))
                start = frame.range.lowerBound
                first = frame.sequence
            }
            first = first ?? frame.sequence
            if bytes.count - start <= limit { break }
        }
        guard let first else { preconditionFailure("a commit's frames are no frames") }
        unsafe rows.append(row(first, offset + start, UnsafeRawBufferPointer(rebasing: bytes[start...])))
    }

    private static func row(_ sequence: UInt64, _ offset: Int, _ bytes: UnsafeRawBufferPointer) -> LogRow {
        LogRow(firstSequence: sequence, lastSequence: sequence, startOffset: offset, bytes: unsafe Array(bytes))
    }

    /// Whether this row may be added to the log's last one, so that a quiet log does not become a row per event. Never across a hole in the
    /// numbers.
    func joins(tailBytes: Int, lastSequence: UInt64) -> Bool {
        tailBytes > 0 && tailBytes + bytes.count <= StorageSizes.mergedRowBytes && firstSequence == lastSequence &+ 1
    }
}

/// What a commit finds: whether it is the next one.
enum CommitCheck {
    case write
    case answer(CommitOutcome)

    /// What is to be done with `commit`, when the store holds `stored`; nil when the run is unknown.
    init(_ commit: JobCommit, stored: LogHead?) {
        guard let stored else {
            self = .answer(.gone)
            return
        }
        switch stored {
        case commit.expected: self = .write
        case LogHead(epoch: commit.expected.epoch, end: commit.end): self = .answer(.already)
        default: self = .answer(.fenced)
        }
    }
}
