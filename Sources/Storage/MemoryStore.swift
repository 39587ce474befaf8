import Jobs
import Locking

/// Runs in memory: for tests, and for a server that may forget (`--db :memory:`). It keeps the same laws as `SQLiteStore`, by the same
/// tests; only a restart loses everything.
package final class MemoryStore: JobStore {
    /// As in `SQLiteStore`, but new with every process.
    package let instanceID: String
    /// As in `SQLiteStore`, but new with every process.
    package let secret: [UInt8]

    private let state = Lock(State())

    private struct Record {
        var job: StoredJob
        var rows: [LogRow]
        var result: JobResult?
        let key: IdempotencyKey?
    }

    private struct State {
        var records: [JobID: Record] = [:]
        /// In order of creation.
        var ids: [JobID] = []
        var keys: [IdempotencyKey: JobID] = [:]
        var nextNumber: Int64 = 1
    }

    package init() {
        let identity = StoreIdentity()
        instanceID = identity.instanceID
        secret = identity.secret
    }

    // MARK: The writer's thread

    package func write(_ batch: WriteBatch) throws(StoreError) -> WriteOutcome {
        state.withLock { state in
            var outcome = WriteOutcome()
            for submission in batch.submits { outcome.submits.append(Self.submit(submission, to: &state)) }
            for commit in batch.commits { outcome.commits.append(Self.commit(commit, batch.retainLogBytes, to: &state)) }
            for id in batch.deletes { outcome.deletes.append(Self.delete(id, from: &state)) }
            return outcome
        }
    }

    package func acquire(limit: Int, after: Int64) throws(StoreError) -> [StoredJob] {
        state.withLock { state in
            let ids = state.ids.filter { id in
                guard let job = state.records[id]?.job else { return false }
                return job.order > after && !job.snapshot.status.isTerminal
            }
            return ids.prefix(limit).compactMap { id in
                state.records[id]?.job.head.epoch += 1
                return state.records[id]?.job
            }
        }
    }

    package func prune(endedBefore moment: Timestamp, limit: Int) throws(StoreError) -> [JobID] {
        state.withLock { state in
            let ended = state.records.values.compactMap { record -> (id: JobID, at: Timestamp, order: Int64)? in
                guard record.job.snapshot.status.isTerminal, let at = record.job.snapshot.completedAt, at < moment else { return nil }
                return (record.job.spec.id, at, record.job.order)
            }
            let ids = ended.sorted { ($0.at, $0.order) < ($1.at, $1.order) }.prefix(limit).map(\.id)
            for id in ids { _ = Self.delete(id, from: &state) }
            return ids
        }
    }

    private static func submit(_ submission: Submission, to state: inout State) -> SubmitOutcome {
        if let key = submission.key, let id = state.keys[key], let record = state.records[id] { return .existing(record.job) }
        guard submission.mayEnter else { return .full }
        let id = submission.spec.id
        if let present = state.records[id] { return present.job.spec == submission.spec ? .created : .idTaken }
        let job = StoredJob(
            order: state.nextNumber, spec: submission.spec, work: submission.work, snapshot: submission.commit.snapshot,
            head: LogHead(epoch: submission.commit.expected.epoch, end: submission.commit.end), oldest: LogOldest())
        state.nextNumber += 1
        let rows = LogRow.rows(of: submission.commit, after: submission.commit.expected.end)
        state.records[id] = Record(job: job, rows: rows, key: submission.key)
        state.ids.append(id)
        if let key = submission.key { state.keys[key] = id }
        return .created
    }

    private static func commit(_ commit: JobCommit, _ retainLogBytes: Int, to state: inout State) -> CommitOutcome {
        let stored: LogEnd
        switch CommitCheck(commit, stored: state.records[commit.id]?.job.head) {
        case .answer(let outcome): return outcome
        case .write(let end): stored = end
        }
        guard var record = state.records.removeValue(forKey: commit.id) else { return .gone }
        for row in LogRow.rows(of: commit, after: stored) {
            if let last = record.rows.last, row.joins(tailBytes: last.bytes.count, lastSequence: last.lastSequence) {
                record.rows[record.rows.count - 1].bytes += row.bytes
                record.rows[record.rows.count - 1].lastSequence = row.lastSequence
            } else {
                record.rows.append(row)
            }
        }
        if commit.end.offset - record.job.oldest.offset > retainLogBytes {
            let trimmed = record.rows.dropLast().prefix { commit.end.offset - $0.startOffset > retainLogBytes }.count
            record.rows.removeFirst(trimmed)
        }
        if let first = record.rows.first { record.job.oldest = LogOldest(sequence: first.firstSequence, offset: first.startOffset) }
        record.job.snapshot = commit.snapshot
        record.job.head.end = commit.end
        if commit.snapshot.status.isTerminal { record.job.work = nil }
        if let result = commit.result {
            record.result = result
            record.job.isTruncated = result.isTruncated
        }
        state.records[commit.id] = record
        return .committed(oldest: record.job.oldest)
    }

    private static func delete(_ id: JobID, from state: inout State) -> Bool {
        guard let record = state.records[id], record.job.snapshot.status.isTerminal else { return false }
        state.records[id] = nil
        state.ids.removeAll { $0 == id }
        if let key = record.key { state.keys[key] = nil }
        return true
    }

    // MARK: Any thread

    package func job(_ id: JobID) throws(StoreError) -> StoredJob? {
        state.withLock { $0.records[id]?.job }
    }

    package func result(of id: JobID) throws(StoreError) -> JobResult? {
        state.withLock { $0.records[id]?.result }
    }

    package func counts() throws(StoreError) -> JobCounts {
        state.withLock { state in
            var counts = JobCounts()
            for record in state.records.values { counts[record.job.snapshot.status] += 1 }
            return counts
        }
    }

    package func list(_ filter: JobFilter) throws(StoreError) -> JobPage {
        state.withLock { state in
            let jobs = state.ids.reversed().compactMap { state.records[$0]?.job }.filter { job in
                (filter.status == nil || filter.status == job.snapshot.status)
                    && filter.sessionID.map { wanted in job.spec.sessionID.map { wanted.utf8.elementsEqual($0.utf8) } ?? false } ?? true
            }
            let (skipped, overflow) = (filter.page - 1).multipliedReportingOverflow(by: filter.pageSize)
            guard filter.page >= 1, filter.pageSize >= 1, !overflow else { return JobPage(jobs: [], total: jobs.count) }
            let page = jobs.dropFirst(skipped).prefix(filter.pageSize).map { job in
                var job = job
                job.work = nil
                return job
            }
            return JobPage(jobs: page, total: jobs.count)
        }
    }

    package func read(_ id: JobID, from address: LogAddress, maxBytes: Int) throws(StoreError) -> StoredFrames? {
        state.withLock { state in
            guard let record = state.records[id] else { return nil }
            let rows = record.rows.drop { row in
                switch address {
                case .sequence(let sequence): row.lastSequence < sequence
                case .offset(let offset): row.endOffset <= offset
                }
            }
            guard let first = rows.first else { return nil }
            var frames = StoredFrames(
                firstSequence: first.firstSequence, startOffset: first.startOffset, bytes: first.bytes, oldest: record.job.oldest)
            for row in rows.dropFirst() {
                guard frames.bytes.count < maxBytes else { break }
                frames.bytes += row.bytes
            }
            return frames
        }
    }
}
