import GRDB
import Jobs

/// A run's row in `jobs`, read back.
enum StoredRow {
    /// In the order that `init` reads them.
    static let columns = """
        number, id, created_at, session_id, timeout, max_attempts, webhook_url, status, attempt, percentage, current_step, \
        steps_completed, steps_total, started_at, completed_at, next_at, error, truncated, epoch, head_sequence, head_offset, \
        oldest_sequence, oldest_offset
        """

    /// The one run that `condition`, which has one parameter, picks.
    static func job(_ db: Database, _ condition: String, _ value: Int64, withWork: Bool) throws(StoreError) -> StoredJob? {
        var select = try HotStatement(db, "SELECT \(columns) FROM runs WHERE \(condition)")
        select.bind(value)
        guard try select.step() else { return nil }
        defer { select.reset() }
        var job = try StoredJob(select)
        if withWork, !job.snapshot.status.isTerminal { job.work = try work(db, number: job.order) }
        return job
    }

    static func work(_ db: Database, number: Int64) throws(StoreError) -> JobWork? {
        var select = try HotStatement(
            db, "SELECT prompt, agent_file, agent_yaml, recipe_name, recipe_config, framework, config FROM work WHERE job = ?")
        select.bind(number)
        guard try select.step() else { return nil }
        defer { select.reset() }
        return JobWork(
            prompt: select.text(0) ?? "", agentFile: select.text(1), agentYAML: select.text(2), recipeName: select.text(3),
            recipeConfig: select.text(4), framework: select.text(5), config: select.text(6))
    }
}

extension StoredJob {
    /// Reads the row that a statement stands on; its columns are `StoredRow.columns`.
    init(_ row: HotStatement) throws(StoreError) {
        let spec = JobSpec(
            id: JobID(bits: row.unsigned(1)), createdAt: row.moment(2), sessionID: row.text(3),
            timeoutSeconds: try row.int(4, in: StoredBounds.count), maxAttempts: try row.int(5, in: StoredBounds.count),
            webhookURL: row.text(6))
        var snapshot = JobSnapshot()
        snapshot.status = try row.status(7)
        snapshot.attempt = try row.int(8, in: StoredBounds.count)
        snapshot.progress = JobProgress(
            percentage: row.text(9) ?? "0", currentStep: row.text(10), stepsCompleted: row.text(11), stepsTotal: row.text(12))
        snapshot.startedAt = row.time(13)
        snapshot.completedAt = row.time(14)
        snapshot.nextAt = row.time(15)
        snapshot.error = row.text(16)
        self.init(
            order: try row.jobNumber(0), spec: spec, work: nil, snapshot: snapshot,
            head: LogHead(
                epoch: try row.place(18), end: LogEnd(sequence: try row.place(19), offset: try row.int(20, in: StoredBounds.place))),
            oldest: LogOldest(sequence: try row.place(21), offset: try row.int(22, in: StoredBounds.place)),
            isTruncated: row.int(17) != 0)
    }
}

extension HotStatement {
    func status(_ column: Int32) throws(StoreError) -> JobStatus {
        guard let status = UInt8(exactly: int(column)).flatMap(JobStatus.init(rawValue:)) else {
            throw .damaged("a run has the unknown status \(int(column))")
        }
        return status
    }
}
