import GRDB
import Jobs
import Storage
import Testing

/// Databases that an older version left.
@Suite struct SchemaTests {
    @Test func `a database of the first schema is brought up to date with all that is in it`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("runs.db")
        let store = try SQLiteStore(path: path, bootID: "boot")
        let bench = Bench(store, directory)
        let ended = try bench.ended(1, session: "s", .succeeded(JobResult(json: Array("1".utf8))))
        let running = try bench.create(bench.job(2))
        try bench.start(running)
        for _ in 0..<100 {
            bench.log(running, 3, bytes: 200)
            try bench.commit(running)
        }
        let before = try [ended, running].map { try #require(try store.job($0.id)) }
        let log = try #require(try store.read(running.id, from: .sequence(1), maxBytes: .max))
        try store.close()
        try makeFirst(path)

        let again = try SQLiteStore(path: path, bootID: "boot")
        #expect(try again.job(ended.id)?.isSame(as: before[0]) == true)
        #expect(try again.job(running.id)?.isSame(as: before[1]) == true)
        #expect(try again.read(running.id, from: .sequence(1), maxBytes: .max)?.bytes == log.bytes)
        let acquired = try #require(try again.acquire(limit: 10, after: 0).first)
        let after = Bench(again, directory)
        let resumed = Job(stored: acquired, committer: after.committer, memory: after.memory)
        after.log(resumed, 1)
        try after.commit(resumed)
        #expect(try again.job(running.id)?.head.end.sequence == before[1].head.end.sequence + 1)
        try again.close()
    }

    @Test func `a run that has lost its log is missing, and does not get the log of the run before it`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("runs.db")
        let store = try SQLiteStore(path: path, bootID: "boot")
        let bench = Bench(store, directory)
        let whole = try bench.create(bench.job(1))
        let damaged = try bench.create(bench.job(2))
        try store.close()
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { db in try db.execute(sql: "DELETE FROM log WHERE row = (SELECT max(row) FROM log)") }
        try queue.close()

        let again = try SQLiteStore(path: path, bootID: "boot")
        #expect(try again.job(damaged.id) == nil)
        #expect(try again.acquire(limit: 10, after: 0).map(\.spec.id) == [whole.id])
        try again.close()
    }

    /// Undoes the later scripts, as far as a store can see.
    private func makeFirst(_ path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { db in
            try db.execute(sql: "DROP VIEW runs")
            try db.execute(sql: "DROP TABLE journal")
            try db.execute(sql: "CREATE INDEX jobs_unfinished ON jobs(number) WHERE status < 2")
            for column in ["head_sequence", "head_offset", "next_row", "tail_bytes"] {
                try db.execute(sql: "ALTER TABLE jobs ADD COLUMN \(column) INTEGER NOT NULL DEFAULT 0")
            }
            try db.execute(sql: "PRAGMA user_version = 1")
        }
        try queue.close()
    }
}
