import Jobs

/// Frames as they are kept: whole ones, dense in number, that one commit brought (or several small ones, see `joins`).
struct LogRow {
    let firstSequence: UInt64
    var lastSequence: UInt64
    let startOffset: Int
    var bytes: [UInt8]

    var endOffset: Int { startOffset + bytes.count }
    var end: LogEnd { LogEnd(sequence: lastSequence, offset: endOffset) }

    /// A commit's frames behind `stored`, the end of what the store has, as rows of at most `limit` bytes. Rows are cut between frames; a
    /// single frame that is longer is a row of its own.
    static func rows(of commit: JobCommit, after stored: LogEnd, limit: Int = StorageSizes.rowBytes) -> [LogRow] {
        var rows: [LogRow] = []
        var offset = commit.expected.end.offset
        for slice in commit.frames where slice.count > 0 {
            let known = min(slice.count, max(0, stored.offset - offset))
            unsafe slice.withBytes { bytes in
                guard known < slice.count else { return }
                unsafe add(UnsafeRawBufferPointer(rebasing: bytes[known...]), at: offset + known, limit: limit, to: &rows)
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

/// Whether a commit is the next one.
enum CommitCheck {
    /// The store has the log up to `stored`: write what the commit has behind it, and the snapshot.
    case write(stored: LogEnd)
    case answer(CommitOutcome)

    /// Compares `commit` with the head that the store holds; nil if the run is unknown.
    ///
    /// An earlier try may have been written although its answer was lost, and the run may have gone on since. The store then holds a part of
    /// this commit: its end lies between the commit's two ends, under the same epoch.
    init(_ commit: JobCommit, stored: LogHead?) {
        guard let stored else {
            self = .answer(.gone)
            return
        }
        let (begin, end) = (commit.expected.end, commit.end)
        let isOurs =
            stored.epoch == commit.expected.epoch
            && begin.sequence <= stored.end.sequence && stored.end.sequence <= end.sequence
            && begin.offset <= stored.end.offset && stored.end.offset <= end.offset
        self = isOurs ? .write(stored: stored.end) : .answer(.fenced)
    }
}
