import GRDB
import GRDBSQLite
import Jobs

/// The writer's thread.
extension SQLiteStore {
    package func write(_ batch: WriteBatch) throws(StoreError) -> WriteOutcome {
        let isDurable = !batch.submits.isEmpty || !batch.deletes.isEmpty || batch.commits.contains { $0.isDurable }
        return try transaction(isDurable: isDurable) { (transaction) throws(StoreError) in
            var outcome = WriteOutcome()
            for submission in batch.submits { outcome.submits.append(try transaction.submit(submission)) }
            // A few runs' events are as well written where they belong.
            let byJournal = batch.commits.count >= limits.journalSiblings
            for commit in batch.commits {
                outcome.commits.append(try transaction.commit(commit, retainLogBytes: batch.retainLogBytes, byJournal: byJournal))
            }
            var freed = 0
            for id in batch.deletes where freed < limits.deleteBytes {
                freed += try transaction.logBytes(of: id)
                outcome.deletes.append(try transaction.delete(id))
            }
            try transaction.writeJournal(limit: limits.journalBytes)
            return outcome
        }
    }

    package func acquire(limit: Int, after: Int64) throws(StoreError) -> [StoredJob] {
        try transaction(isDurable: true) { (transaction) throws(StoreError) in
            // The first of each status from the index by status, and of these the first.
            var select = try HotStatement(
                transaction.db,
                """
                SELECT \(StoredRow.columns) FROM runs WHERE number IN (
                    SELECT number FROM (SELECT number FROM jobs WHERE status = 0 AND number > ?1 ORDER BY number LIMIT ?2) UNION ALL
                    SELECT number FROM (SELECT number FROM jobs WHERE status = 1 AND number > ?1 ORDER BY number LIMIT ?2))
                ORDER BY number LIMIT ?2
                """)
            select.bind(after)
            select.bind(limit)
            var jobs: [StoredJob] = []
            while try select.step() { jobs.append(try StoredJob(select)) }
            for index in jobs.indices {
                jobs[index].work = try StoredRow.work(transaction.db, number: jobs[index].order)
                Journal.complete(&jobs[index], transaction.tail(of: jobs[index].spec.id))
                jobs[index].head.epoch += 1
                try transaction.run("UPDATE jobs SET epoch = epoch + 1 WHERE number = ?", jobs[index].order)
                transaction.known[jobs[index].spec.id] = nil
            }
            return jobs
        }
    }

    /// Stops early, with fewer than `limit`, once enough log was freed for one transaction; none left is an empty answer.
    package func prune(endedBefore moment: Timestamp, limit: Int) throws(StoreError) -> [JobID] {
        try transaction(isDurable: false) { (transaction) throws(StoreError) in
            var select = try transaction.statement(
                """
                SELECT id, head_offset - oldest_offset FROM runs
                WHERE status >= 2 AND completed_at < ? ORDER BY completed_at, number LIMIT ?
                """)
            select.bind(moment)
            select.bind(limit)
            var ids: [JobID] = []
            var bytes = 0
            while bytes < limits.deleteBytes, try select.step() {
                ids.append(JobID(bits: select.unsigned(0)))
                bytes += try select.int(1, in: StoredBounds.place)
            }
            select.reset()
            for id in ids { _ = try transaction.delete(id) }
            return ids
        }
    }

    /// Runs `body` in a transaction of its own. All of it happens or nothing.
    func transaction<Result>(
        isDurable: Bool, _ body: (inout StoreTransaction) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try storeErrors {
            let result = try pool.writeWithoutTransaction { db in
                try prepare(db, isDurable: isDurable)
                try HotStatement(db, "BEGIN IMMEDIATE").run()
                do {
                    // What is known is out of reach until it is committed: after an error it is read again.
                    var transaction = state.withLock { state in
                        defer { state.known = [:] }
                        return StoreTransaction(db: db, nextNumber: state.nextNumber, known: state.known, journal: journal)
                    }
                    let result = try body(&transaction)
                    try transaction.writeCounters()
                    try HotStatement(db, "COMMIT").run()
                    journal.apply(transaction.changes)
                    state.withLock { state in
                        state.nextNumber = transaction.nextNumber
                        if transaction.known.count <= StorageSizes.knownRuns { state.known = transaction.known }
                    }
                    return result
                } catch {
                    // Some errors (disk full) have rolled back already.
                    if unsafe sqlite3_get_autocommit(db.sqliteConnection) == 0 { try? HotStatement(db, "ROLLBACK").run() }
                    throw error
                }
            }
            keepWriteAheadLog()
            return result
        }
    }

    private func prepare(_ db: Database, isDurable: Bool) throws {
        guard state.withLock({ $0.isFull }) != isDurable else { return }
        try SQLiteStore.setSynchronous(db, isFull: isDurable)
        state.withLock { $0.isFull = isDurable }
    }

    /// Between two transactions: sees to the write-ahead log's room, and to its end.
    ///
    /// The checkpointer keeps up as a rule; under a steady load it never quite catches up, and only a checkpoint during which nothing is
    /// added lets the log begin anew.
    func keepWriteAheadLog() {
        let pages = checkpointer.pages.load(ordering: .relaxed)
        var space = state.withLock { $0.space }
        if space.isFull(pages: pages) {
            try? pool.writeWithoutTransaction { db in _ = try db.checkpoint(.passive) }
        }
        if space.isShort(pages: pages) {
            try? pool.writeWithoutTransaction { db in
                try HotStatement(db, "BEGIN IMMEDIATE").run()
                space.extend()
                try HotStatement(db, "ROLLBACK").run()
            }
        }
        state.withLock { $0.space = space }
    }
}

extension StoreTransaction {
    /// How much log a run has; 0 if it is unknown.
    mutating func logBytes(of id: JobID) throws(StoreError) -> Int {
        var select = try statement("SELECT head_offset, oldest_offset FROM runs WHERE id = ?")
        select.bind(id.bits)
        guard try select.step() else { return 0 }
        defer { select.reset() }
        return try select.int(0, in: StoredBounds.place) - select.int(1, in: StoredBounds.place)
    }

    /// - Returns: false when the run is unknown or has not ended.
    mutating func delete(_ id: JobID) throws(StoreError) -> Bool {
        var select = try statement("SELECT number, status, session_id FROM jobs WHERE id = ?")
        select.bind(id.bits)
        guard try select.step() else { return false }
        let (number, status, sessionID) = (select.int(0), try select.status(1), select.text(2))
        select.reset()
        guard status.isTerminal else { return false }
        var delete = try statement("DELETE FROM log WHERE row >= ? AND row < ?")
        delete.bind(RowNumber.first(ofJob: number))
        delete.bind(RowNumber.end(ofJob: number))
        try delete.run()
        try run("DELETE FROM jobs WHERE number = ?", number)
        try run("DELETE FROM work WHERE job = ?", number)
        try run("DELETE FROM results WHERE job = ?", number)
        try run("DELETE FROM keys WHERE job = ?", number)
        count(status, sessionID: sessionID, by: -1)
        return true
    }
}
