import Jobs

/// A run as it is stored: what a commit compares with and builds upon.
struct KnownRun {
    let number: Int64
    var head: LogHead
    var oldest: LogOldest
    var status: JobStatus
    /// Nil when it has not been read: it is then written whatever it is.
    var snapshot: JobSnapshot?
    var isUncertain: Bool
    /// The number of the log's last row, and how many bytes that holds; without what is in the journal.
    var lastRow: Int64
    var tailBytes: Int
}

/// What happened to runs: frames, snapshots, results; and the trimming of what a log may not keep.
extension StoreTransaction {
    /// `byJournal`: whether few bytes may go to their log by way of the journal.
    mutating func commit(_ commit: JobCommit, retainLogBytes: Int, byJournal: Bool) throws(StoreError) -> CommitOutcome {
        let found = try run(commit.id)
        let stored: LogEnd
        switch CommitCheck(commit, stored: found?.head) {
        case .answer(let outcome): return outcome
        case .write(let end): stored = end
        }
        guard let before = found else { return .gone }
        var present = before
        let rows = LogRow.rows(of: commit, after: stored)
        let isTooLong = commit.end.offset - present.oldest.offset > retainLogBytes
        let isLast = commit.snapshot.status.isTerminal
        if byJournal, !isLast, !isTooLong, rows.count == 1, rows[0].bytes.count <= StorageSizes.journaledRowBytes {
            try journal(rows[0], of: commit.id, to: &present)
        } else if isLast || isTooLong || !rows.isEmpty {
            try moveTail(of: commit.id, to: &present)
            for row in rows { try append(row, to: &present) }
        }
        present.head.end = commit.end
        if isTooLong { try trim(&present, head: commit.end.offset, retainLogBytes: retainLogBytes) }
        present.snapshot = commit.snapshot
        present.isUncertain = before.isUncertain && commit.end == commit.expected.end
        if present.snapshot != before.snapshot || present.oldest != before.oldest || present.isUncertain != before.isUncertain {
            try update(present)
        }
        present.status = commit.snapshot.status
        if present.status != before.status { try changeStatus(commit, from: before.status, number: present.number) }
        known[commit.id] = present.status.isTerminal ? nil : present
        if let result = commit.result {
            var insert = try statement("INSERT OR REPLACE INTO results(job, json) VALUES (?, ?)")
            insert.bind(present.number)
            try insert.run(binding: result.json)
        }
        return .committed(oldest: present.oldest)
    }

    /// A run as this transaction has left it so far; nil when it is unknown.
    mutating func run(_ id: JobID) throws(StoreError) -> KnownRun? {
        if let run = known[id] { return run }
        var select = try statement(
            """
            SELECT number, epoch, head_sequence, head_offset, oldest_sequence, oldest_offset, status, uncertain, last_row, tail_bytes
            FROM runs WHERE id = ?
            """)
        select.bind(id.bits)
        guard try select.step() else { return nil }
        defer { select.reset() }
        let end = LogEnd(sequence: try select.place(2), offset: try select.int(3, in: StoredBounds.place))
        return KnownRun(
            number: try select.jobNumber(0), head: LogHead(epoch: try select.place(1), end: tail(of: id)?.row.end ?? end),
            oldest: LogOldest(sequence: try select.place(4), offset: try select.int(5, in: StoredBounds.place)),
            status: try select.status(6), snapshot: nil, isUncertain: select.int(7) != 0,
            lastRow: Int64(try select.int(8, in: 0...Int64.max - 1)), tailBytes: try select.int(9, in: StoredBounds.place))
    }

    // MARK: Log

    private mutating func append(_ row: LogRow, to present: inout KnownRun) throws(StoreError) {
        if row.joins(tailBytes: present.tailBytes, lastSequence: present.head.end.sequence) {
            try extend(with: row, to: &present)
        } else {
            try add(row, to: &present)
        }
    }

    /// Adds to the log's last row.
    mutating func extend(with row: LogRow, to present: inout KnownRun) throws(StoreError) {
        // `||` makes text of what it joins, byte for byte; the cast makes it a blob again.
        var update = try statement("UPDATE log SET last_sequence = ?2, bytes = CAST(bytes || ?3 AS BLOB) WHERE row = ?1")
        update.bind(present.lastRow)
        update.bind(row.lastSequence)
        try update.run(binding: row.bytes)
        present.tailBytes += row.bytes.count
    }

    /// Adds a row to the log.
    mutating func add(_ row: LogRow, to present: inout KnownRun) throws(StoreError) {
        present.lastRow += 1
        guard present.lastRow < RowNumber.end(ofJob: present.number) else { throw .unavailable("a log has no room for more rows") }
        try insert(row, at: present.lastRow)
        if present.oldest.offset == row.startOffset { present.oldest.sequence = row.firstSequence }
        present.tailBytes = row.bytes.count
    }

    mutating func insert(_ row: LogRow, at number: Int64) throws(StoreError) {
        var insert = try statement("INSERT INTO log(row, first_sequence, last_sequence, start_offset, bytes) VALUES (?, ?, ?, ?, ?)")
        insert.bind(number)
        insert.bind(row.firstSequence)
        insert.bind(row.lastSequence)
        insert.bind(row.startOffset)
        try insert.run(binding: row.bytes)
    }

    /// Deletes the oldest rows until what is left fits, never the last one.
    private mutating func trim(_ present: inout KnownRun, head: Int, retainLogBytes: Int) throws(StoreError) {
        let base = RowNumber.first(ofJob: present.number)
        var select = try statement("SELECT row, first_sequence, start_offset FROM log WHERE row >= ? AND row <= ? ORDER BY row")
        select.bind(base)
        select.bind(present.lastRow)
        var firstKept = base
        while try select.step() {
            firstKept = select.int(0)
            present.oldest = LogOldest(sequence: try select.place(1), offset: try select.int(2, in: StoredBounds.place))
            if head - present.oldest.offset <= retainLogBytes { break }
        }
        select.reset()
        var delete = try statement("DELETE FROM log WHERE row >= ? AND row < ?")
        delete.bind(base)
        delete.bind(firstKept)
        try delete.run()
    }

    // MARK: State

    /// Writes the snapshot and the log's beginning. The status has its own statement: it is in indexes, which then need not be touched at
    /// every report of progress.
    private mutating func update(_ run: KnownRun) throws(StoreError) {
        guard let snapshot = run.snapshot else { return }
        var update = try statement(
            """
            UPDATE jobs SET attempt = ?, percentage = ?, current_step = ?, steps_completed = ?, steps_total = ?, started_at = ?,
                completed_at = ?, next_at = ?, error = ?, oldest_sequence = ?, oldest_offset = ?, uncertain = ?
            WHERE number = ?
            """)
        update.bind(snapshot)
        update.bind(run.oldest.sequence)
        update.bind(run.oldest.offset)
        update.bind(run.isUncertain ? 1 : 0)
        update.bind(run.number)
        try update.run()
    }

    private mutating func changeStatus(_ commit: JobCommit, from status: JobStatus, number: Int64) throws(StoreError) {
        var update = try statement("UPDATE jobs SET status = ?, truncated = ? WHERE number = ? RETURNING session_id")
        update.bind(Int(commit.snapshot.status.rawValue))
        update.bind(commit.result?.isTruncated == true ? 1 : 0)
        update.bind(number)
        _ = try update.step()
        let sessionID = update.text(0)
        try update.run()
        count(status, sessionID: sessionID, by: -1)
        count(commit.snapshot.status, sessionID: sessionID, by: 1)
        if commit.snapshot.status.isTerminal { try run("DELETE FROM work WHERE job = ?", number) }
    }
}
