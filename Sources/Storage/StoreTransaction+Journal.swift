import Jobs

/// The journal's part of a transaction: see `Journal`.
extension StoreTransaction {
    /// What the journal will hold of a run's log when this transaction is committed.
    func tail(of id: JobID) -> JournalTail? {
        changes.tails[id] ?? journal.tail(of: id)
    }

    /// Appends to a log by way of the journal.
    mutating func journal(_ row: LogRow, of id: JobID, to present: inout KnownRun) throws(StoreError) {
        try keep(row, of: id, in: &present)
        JournalRecord(number: present.number, id: id, row: row).append(to: &changes.records)
    }

    /// Moves what the journal has of a log to where it belongs.
    mutating func moveTail(of id: JobID, to present: inout KnownRun) throws(StoreError) {
        guard let tail = tail(of: id) else { return }
        changes.tails[id] = .some(nil)
        if tail.isNewRow { try add(tail.row, to: &present) } else { try extend(with: tail.row, to: &present) }
    }

    /// Writes the transaction's row of the journal. When that is full, its oldest rows go, and the tails that began in them to their logs: twice
    /// what was written or a sixteenth of it, so that no commit has to wait for all of it.
    mutating func writeJournal(limit: Int) throws(StoreError) {
        if !changes.records.isEmpty {
            var insert = try statement("INSERT INTO journal(row, records) VALUES (?, ?)")
            insert.bind(journal.nextRow)
            try insert.run(binding: changes.records)
        }
        guard journal.bytes + changes.records.count > limit else { return }
        try drop(journal.oldest(leaving: limit - min(limit / 16, 2 * changes.records.count)))
    }

    /// Moves everything to the logs.
    mutating func emptyJournal() throws(StoreError) {
        try drop(journal.oldest(leaving: 0))
    }

    private mutating func drop(_ oldest: (count: Int, last: Int64, runs: [JobID])) throws(StoreError) {
        guard oldest.count > 0 else { return }
        for id in oldest.runs { try moveTail(of: id) }
        try run("DELETE FROM journal WHERE row <= ?", oldest.last)
        changes.droppedRows = oldest.count
    }

    private mutating func moveTail(of id: JobID) throws(StoreError) {
        guard tail(of: id) != nil, var present = try run(id) else {
            changes.tails[id] = .some(nil)
            return
        }
        try moveTail(of: id, to: &present)
        known[id] = present
    }

    /// Moves to the logs what a server left in the journal that did not close the database.
    mutating func recoverJournal() throws(StoreError) {
        let select = try statement("SELECT records FROM journal ORDER BY row")
        var runs: [JobID] = []
        while try select.step() {
            var bytes: [UInt8] = []
            select.append(0, to: &bytes)
            for record in try JournalRecord.all(in: bytes) {
                // What lies before a log's end has been moved; a run that is gone had ended.
                guard var present = try run(record.id), present.number == record.number,
                    record.row.startOffset >= present.head.end.offset
                else { continue }
                guard record.row.startOffset == present.head.end.offset else {
                    throw .damaged("the journal lacks a part of the log of \(record.id)")
                }
                if tail(of: record.id) == nil { runs.append(record.id) }
                try keep(record.row, of: record.id, in: &present)
                present.head.end = record.row.end
                known[record.id] = present
            }
        }
        for id in runs { try moveTail(of: id) }
        try run("DELETE FROM journal WHERE row <= ?", .max)
    }

    /// Adds to a run's tail, or begins one, so that logs get the same rows as without a journal.
    private mutating func keep(_ row: LogRow, of id: JobID, in present: inout KnownRun) throws(StoreError) {
        let last = present.head.end.sequence
        guard let tail = tail(of: id) else {
            return begin(row, of: id, isNewRow: !row.joins(tailBytes: present.tailBytes, lastSequence: last))
        }
        let before = tail.isNewRow ? 0 : present.tailBytes
        guard row.joins(tailBytes: before + tail.row.bytes.count, lastSequence: last) else {
            try moveTail(of: id, to: &present)
            return begin(row, of: id, isNewRow: true)
        }
        var longer = tail
        longer.row.bytes += row.bytes
        longer.row.lastSequence = row.lastSequence
        changes.tails[id] = longer
    }

    private mutating func begin(_ row: LogRow, of id: JobID, isNewRow: Bool) {
        changes.begun.append(id)
        changes.tails[id] = JournalTail(row: row, isNewRow: isNewRow, since: journal.nextRow)
    }
}
