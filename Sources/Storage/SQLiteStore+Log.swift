import GRDB
import Jobs

/// Log pages read back.
extension SQLiteStore {
    package func read(_ id: JobID, from address: LogAddress, maxBytes: Int) throws(StoreError) -> StoredFrames? {
        let tail = journal.tail(of: id)
        return try read { (db) throws(StoreError) in
            guard let log = try KeptLog(db, id, tail), let row = try log.row(of: address) else { return nil }
            return try log.frames(from: row, maxBytes: maxBytes)
        }
    }
}

/// One run's kept rows. Their numbers are dense, so that one is found by halving, without an index that every commit would have to write.
///
/// What the journal has of the log counts to its last row, or as one more.
private struct KeptLog {
    private let db: Database
    private let oldest: LogOldest
    private let head: Int
    private let lastRow: Int64
    private let firstRow: Int64
    private let tail: JournalTail?

    /// `tail` was taken before `db`'s snapshot: what it holds may be in the log by then, but nothing can be in neither.
    ///
    /// Nil when the run is unknown or nothing of its log is kept.
    init?(_ db: Database, _ id: JobID, _ tail: JournalTail?) throws(StoreError) {
        self.db = db
        var select = try HotStatement(
            db, "SELECT number, oldest_sequence, oldest_offset, head_offset, last_row FROM runs WHERE id = ?")
        select.bind(id.bits)
        guard try select.step() else { return nil }
        defer { select.reset() }
        oldest = LogOldest(sequence: try select.place(1), offset: try select.int(2, in: StoredBounds.place))
        let stored = try select.int(3, in: StoredBounds.place)
        self.tail = tail.flatMap { $0.row.startOffset == stored ? $0 : nil }
        head = self.tail?.row.endOffset ?? stored
        let base = RowNumber.first(ofJob: try select.jobNumber(0))
        lastRow = Int64(try select.int(4, in: 0...Int64.max - 2))
        var first = try HotStatement(db, "SELECT row FROM log WHERE row >= ? AND row <= ? ORDER BY row LIMIT 1")
        first.bind(base)
        first.bind(lastRow)
        guard try first.step() else { return nil }
        defer { first.reset() }
        firstRow = first.int(0)
    }

    /// The number of the last row, the journal's part counted: that continues the log's last row or is one more.
    private var newestRow: Int64 { tail?.isNewRow == true ? lastRow + 1 : lastRow }

    /// The row that holds an address, else the first later one.
    func row(of address: LogAddress) throws(StoreError) -> Int64? {
        if case .offset(let offset) = address, offset >= head { return nil }
        var low = firstRow
        var high = newestRow + 1
        while low < high {
            let middle = low + (high - low) / 2
            if try isBefore(middle, address) { low = middle + 1 } else { high = middle }
        }
        return low <= newestRow ? low : nil
    }

    /// Whether a row ends before the address.
    private func isBefore(_ row: Int64, _ address: LogAddress) throws(StoreError) -> Bool {
        if let tail, row == newestRow {
            return switch address {
            case .sequence(let sequence): tail.row.lastSequence < sequence
            case .offset(let offset): tail.row.endOffset <= offset
            }
        }
        var select = try HotStatement(db, "SELECT last_sequence, start_offset + length(bytes) FROM log WHERE row = ?")
        select.bind(row)
        guard try select.step() else { throw .damaged("a log lacks row \(row)") }
        defer { select.reset() }
        return switch address {
        case .sequence(let sequence): try select.place(0) < sequence
        case .offset(let offset): try select.int(1, in: StoredBounds.place) <= offset
        }
    }

    func frames(from row: Int64, maxBytes: Int) throws(StoreError) -> StoredFrames? {
        if let tail, row > lastRow {
            return StoredFrames(
                firstSequence: tail.row.firstSequence, startOffset: tail.row.startOffset, bytes: tail.row.bytes, oldest: oldest)
        }
        var select = try HotStatement(db, "SELECT first_sequence, start_offset, bytes FROM log WHERE row >= ? AND row <= ? ORDER BY row")
        select.bind(row)
        select.bind(lastRow)
        guard try select.step() else { return nil }
        defer { select.reset() }
        var frames = StoredFrames(
            firstSequence: try select.place(0), startOffset: try select.int(1, in: StoredBounds.place), bytes: [], oldest: oldest)
        frames.bytes.reserveCapacity(max(0, min(maxBytes, head - frames.startOffset)))
        repeat {
            select.append(2, to: &frames.bytes)
            guard frames.bytes.count < maxBytes else { break }
        } while try select.step()
        if let tail, frames.startOffset + frames.bytes.count == tail.row.startOffset, !tail.isNewRow || frames.bytes.count < maxBytes {
            frames.bytes += tail.row.bytes
        }
        // Senders walk these bytes from frame to frame and stop the process if they lose their way.
        guard unsafe frames.bytes.withUnsafeBytes({ unsafe FrameReader.areWhole($0) }) else {
            throw .damaged("row \(row) of a log holds bytes that are no events")
        }
        return frames
    }
}
