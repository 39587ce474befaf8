import Jobs

/// What happened to runs: frames, snapshots, results; and the trimming of what a log may not keep.
extension StoreTransaction {
    /// What a commit has to know of the run as it is stored.
    private struct Present {
        let number: Int64
        let head: LogHead
        var oldest: LogOldest
        let status: JobStatus
        var nextRow: Int64
        var tailBytes: Int
    }

    mutating func commit(_ commit: JobCommit, retainLogBytes: Int) throws(StoreError) -> CommitOutcome {
        let found = try present(commit.id)
        if case .answer(let outcome) = CommitCheck(commit, stored: found?.head) { return outcome }
        guard var present = found else { return .gone }
        for row in LogRow.rows(of: commit) { try append(row, to: &present) }
        if commit.end.offset - present.oldest.offset > retainLogBytes {
            try trim(&present, head: commit.end.offset, retainLogBytes: retainLogBytes)
        }
        try update(commit, present)
        if commit.snapshot.status != present.status { try changeStatus(commit, from: present.status, number: present.number) }
        if let result = commit.result {
            var insert = try statement("INSERT OR REPLACE INTO results(job, json) VALUES (?, ?)")
            insert.bind(present.number)
            try insert.run(binding: result.json)
        }
        return .committed(oldest: present.oldest)
    }

    private mutating func present(_ id: JobID) throws(StoreError) -> Present? {
        var select = try statement(
            """
            SELECT number, epoch, head_sequence, head_offset, oldest_sequence, oldest_offset, status, next_row, tail_bytes
            FROM jobs WHERE id = ?
            """)
        select.bind(id.bits)
        guard try select.step() else { return nil }
        defer { select.reset() }
        return Present(
            number: select.int(0),
            head: LogHead(epoch: select.unsigned(1), end: LogEnd(sequence: select.unsigned(2), offset: Int(select.int(3)))),
            oldest: LogOldest(sequence: select.unsigned(4), offset: Int(select.int(5))),
            status: try select.status(6), nextRow: select.int(7), tailBytes: Int(select.int(8)))
    }

    // MARK: Log

    private mutating func append(_ row: LogRow, to present: inout Present) throws(StoreError) {
        let base = RowNumber.first(ofJob: present.number)
        if row.joins(tailBytes: present.tailBytes, lastSequence: present.head.end.sequence) {
            // `||` makes text of what it joins, byte for byte; the cast makes it a blob again.
            var update = try statement("UPDATE log SET last_sequence = ?2, bytes = CAST(bytes || ?3 AS BLOB) WHERE row = ?1")
            update.bind(base + present.nextRow - 1)
            update.bind(row.lastSequence)
            try update.run(binding: row.bytes)
            present.tailBytes += row.bytes.count
            return
        }
        guard present.nextRow < 1 << StorageSizes.rowBits else { throw .unavailable("a log has no room for more rows") }
        try insert(row, at: base + present.nextRow)
        if present.oldest.offset == row.startOffset { present.oldest.sequence = row.firstSequence }
        present.nextRow += 1
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
    private mutating func trim(_ present: inout Present, head: Int, retainLogBytes: Int) throws(StoreError) {
        let base = RowNumber.first(ofJob: present.number)
        var select = try statement("SELECT row, first_sequence, start_offset FROM log WHERE row >= ? AND row < ? ORDER BY row")
        select.bind(base)
        select.bind(base + present.nextRow)
        var firstKept = base
        while try select.step() {
            firstKept = select.int(0)
            present.oldest = LogOldest(sequence: select.unsigned(1), offset: Int(select.int(2)))
            if head - present.oldest.offset <= retainLogBytes { break }
        }
        select.reset()
        var delete = try statement("DELETE FROM log WHERE row >= ? AND row < ?")
        delete.bind(base)
        delete.bind(firstKept)
        try delete.run()
    }

    // MARK: State

    /// Writes the snapshot and the log's ends. The status has its own statement: it is in indexes, which then need not be touched at every
    /// event.
    private mutating func update(_ commit: JobCommit, _ present: Present) throws(StoreError) {
        var update = try statement(
            """
            UPDATE jobs SET attempt = ?, percentage = ?, current_step = ?, steps_completed = ?, steps_total = ?, started_at = ?,
                completed_at = ?, next_at = ?, error = ?, head_sequence = ?, head_offset = ?, oldest_sequence = ?, oldest_offset = ?,
                next_row = ?, tail_bytes = ?, uncertain = uncertain AND ?
            WHERE number = ?
            """)
        update.bind(commit.snapshot)
        update.bind(commit.end.sequence)
        update.bind(commit.end.offset)
        update.bind(present.oldest.sequence)
        update.bind(present.oldest.offset)
        update.bind(present.nextRow)
        update.bind(present.tailBytes)
        update.bind(commit.end == commit.expected.end ? 1 : 0)
        update.bind(present.number)
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
