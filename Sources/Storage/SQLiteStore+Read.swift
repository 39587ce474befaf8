import GRDB
import Jobs

/// Any thread: each read is a snapshot of its own on one of the reading connections.
extension SQLiteStore {
    package func job(_ id: JobID) throws(StoreError) -> StoredJob? {
        let tail = journal.tail(of: id)
        return try read { (db) throws(StoreError) in
            guard var job = try StoredRow.job(db, "id = ?", Int64(id.bits), withWork: true) else { return nil }
            Journal.complete(&job, tail)
            return job
        }
    }

    package func result(of id: JobID) throws(StoreError) -> JobResult? {
        try read { (db) throws(StoreError) in
            var select = try HotStatement(db, "SELECT json, truncated FROM jobs JOIN results ON job = number WHERE id = ?")
            select.bind(id.bits)
            guard try select.step() else { return nil }
            defer { select.reset() }
            var result = JobResult(json: [], isTruncated: select.int(1) != 0)
            select.append(0, to: &result.json)
            return result
        }
    }

    package func counts() throws(StoreError) -> JobCounts {
        try read { (db) throws(StoreError) in
            let select = try HotStatement(db, "SELECT status, count FROM status_counts")
            defer { select.reset() }
            var counts = JobCounts()
            while try select.step() { counts[try select.status(0)] = try select.int(1, in: StoredBounds.place) }
            return counts
        }
    }

    package func list(_ filter: JobFilter) throws(StoreError) -> JobPage {
        let tails = journal.tails
        return try read { (db) throws(StoreError) in
            let total = try total(db, filter)
            let (skipped, overflow) = (filter.page - 1).multipliedReportingOverflow(by: filter.pageSize)
            guard filter.page >= 1, filter.pageSize >= 1, !overflow, skipped < total else { return JobPage(jobs: [], total: total) }
            // Found in the narrow index first, so that skipping pages does not read the runs on them.
            var select = try HotStatement(
                db,
                """
                SELECT \(StoredRow.columns) FROM runs WHERE number IN
                    (SELECT number FROM jobs\(Self.condition(filter)) ORDER BY number DESC LIMIT ? OFFSET ?)
                ORDER BY number DESC
                """)
            select.bind(filter)
            select.bind(filter.pageSize)
            select.bind(skipped)
            defer { select.reset() }
            var jobs: [StoredJob] = []
            while try select.step() {
                var job = try StoredJob(select)
                Journal.complete(&job, tails[job.spec.id])
                jobs.append(job)
            }
            return JobPage(jobs: jobs, total: total)
        }
    }

    /// From counters: a count over the table would take a millisecond for every 50,000 runs.
    private func total(_ db: Database, _ filter: JobFilter) throws(StoreError) -> Int {
        var select = try HotStatement(
            db, "SELECT coalesce(sum(count), 0) FROM \(filter.sessionID == nil ? "status" : "session")_counts\(Self.condition(filter))")
        select.bind(filter)
        guard try select.step() else { return 0 }
        defer { select.reset() }
        return try select.int(0, in: StoredBounds.place)
    }

    private static func condition(_ filter: JobFilter) -> String {
        switch (filter.sessionID, filter.status) {
        case (nil, nil): ""
        case (nil, _): " WHERE status = ?"
        case (_, nil): " WHERE session_id = ?"
        case (_, _): " WHERE session_id = ? AND status = ?"
        }
    }

    func read<Result>(_ body: (Database) throws(StoreError) -> Result) throws(StoreError) -> Result {
        try storeErrors { try pool.read { db in try body(db) } }
    }
}

extension HotStatement {
    fileprivate mutating func bind(_ filter: JobFilter) {
        if let sessionID = filter.sessionID { bind(sessionID) }
        if let status = filter.status { bind(Int(status.rawValue)) }
    }
}
