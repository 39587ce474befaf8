import Jobs

/// New runs, and the keys that make a repeated submit the same submit.
extension StoreTransaction {
    mutating func submit(_ submission: Submission) throws(StoreError) -> SubmitOutcome {
        if let key = submission.key, let number = try job(of: key) {
            guard var stored = try StoredRow.job(db, "number = ?", number, withWork: true) else { throw .damaged("a key without its run") }
            Journal.complete(&stored, tail(of: stored.spec.id))
            return .existing(stored)
        }
        guard submission.mayEnter else { return .full }
        guard nextNumber <= RowNumber.largestJob else { throw .unavailable("the database has no numbers left for new runs") }
        let number = nextNumber
        guard try insert(submission.spec, submission.commit, number: number) else {
            // The answer to its first commit was lost; or two runs drew the same id.
            let present = try StoredRow.job(db, "id = ?", Int64(submission.spec.id.bits), withWork: false)
            return present?.spec == submission.spec ? .created : .idTaken
        }
        nextNumber += 1
        try insert(submission.work, number: number)
        if let key = submission.key { try insert(key, number: number) }
        count(submission.commit.snapshot.status, sessionID: submission.spec.sessionID, by: 1)
        return .created
    }

    /// - Returns: false when the id is taken.
    private mutating func insert(_ spec: JobSpec, _ commit: JobCommit, number: Int64) throws(StoreError) -> Bool {
        var insert = try statement(
            """
            INSERT INTO jobs(number, id, created_at, session_id, timeout, max_attempts, webhook_url,
                status, attempt, percentage, current_step, steps_completed, steps_total, started_at, completed_at, next_at, error,
                epoch, oldest_sequence, oldest_offset)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0)
            ON CONFLICT(id) DO NOTHING
            """)
        insert.bind(number)
        insert.bind(spec.id.bits)
        insert.bind(spec.createdAt)
        insert.bind(spec.sessionID)
        insert.bind(spec.timeoutSeconds)
        insert.bind(spec.maxAttempts)
        insert.bind(spec.webhookURL)
        insert.bind(Int(commit.snapshot.status.rawValue))
        insert.bind(commit.snapshot)
        insert.bind(commit.expected.epoch)
        try insert.run()
        guard db.changesCount > 0 else { return false }
        for (index, row) in LogRow.rows(of: commit, after: commit.expected.end).enumerated() {
            try self.insert(row, at: RowNumber.first(ofJob: number) + Int64(index))
        }
        return true
    }

    private mutating func insert(_ work: JobWork, number: Int64) throws(StoreError) {
        var insert = try statement("INSERT INTO work VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        insert.bind(number)
        insert.bind(work.prompt)
        insert.bind(work.agentFile)
        insert.bind(work.agentYAML)
        insert.bind(work.recipeName)
        insert.bind(work.recipeConfig)
        insert.bind(work.framework)
        insert.bind(work.config)
        try insert.run()
    }

    // MARK: Keys

    private mutating func job(of key: IdempotencyKey) throws(StoreError) -> Int64? {
        var select = try statement("SELECT job FROM keys WHERE scope = ? AND session_id = ? AND key = ?")
        select.bind(key)
        guard try select.step() else { return nil }
        defer { select.reset() }
        return select.int(0)
    }

    private mutating func insert(_ key: IdempotencyKey, number: Int64) throws(StoreError) {
        var insert = try statement("INSERT INTO keys(scope, session_id, key, job) VALUES (?, ?, ?, ?)")
        insert.bind(key)
        insert.bind(number)
        try insert.run()
    }
}

extension HotStatement {
    /// Scope, session and key: the two name spaces are apart, also for a session whose name is empty.
    ///
    /// The column holds text. A key that isn't UTF-8 is kept as hex, in a scope of its own (2 more), so that no other key reads like it.
    fileprivate mutating func bind(_ key: IdempotencyKey) {
        let text = String(validating: key.key, as: UTF8.self)
        bind((key.sessionID == nil ? 0 : 1) + (text == nil ? 2 : 0))
        bind(key.sessionID ?? "")
        bind(text ?? key.key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }

    /// All of a snapshot but its status: attempt, percentage, current_step, steps_completed, steps_total, started_at, completed_at,
    /// next_at, error.
    mutating func bind(_ snapshot: JobSnapshot) {
        bind(snapshot.attempt)
        bind(snapshot.progress.percentage)
        bind(snapshot.progress.currentStep)
        bind(snapshot.progress.stepsCompleted)
        bind(snapshot.progress.stepsTotal)
        bind(snapshot.startedAt)
        bind(snapshot.completedAt)
        bind(snapshot.nextAt)
        bind(snapshot.error)
    }
}
