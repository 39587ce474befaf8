import Dispatch
import Foundation
import GRDB
import Jobs
import Locking
import Storage
import Testing

/// Few events of many runs, which go to their logs by way of the journal.
@Suite struct JournalTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("runs.db") }

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test func `a commit of many runs' events is one row of the journal, and each log is read back whole`() throws {
        let store = try SQLiteStore.reopened(path)
        let runs = try Runs(store, directory, count: 50)
        let before = try file("SELECT count(*), sum(length(bytes)) FROM log")
        try runs.report(events: 3)
        try runs.report(events: 2)
        #expect(try file("SELECT count(*), sum(length(bytes)) FROM log") == before)
        #expect(try file("SELECT count(*) FROM journal") == [2])
        try runs.areWhole(store)
        let total = try store.list(JobFilter(status: .running, sessionID: nil, page: 1, pageSize: 100)).jobs.map(\.head.end.sequence)
        #expect(total == Array(repeating: 7, count: 50))
        try store.close()
    }

    @Test func `a few runs' events, and long ones, go where they belong`() throws {
        let store = try SQLiteStore.reopened(path)
        let runs = try Runs(store, directory, count: 50)
        try runs.report(events: 1, of: 0..<3)
        #expect(try file("SELECT count(*) FROM journal") == [0])
        try runs.report(events: 1, bytes: 2_000)
        #expect(try file("SELECT count(*) FROM journal") == [0])
        try runs.areWhole(store)
        try store.close()
    }

    @Test func `what fills a row is moved to its log`() throws {
        let store = try SQLiteStore.reopened(path)
        let runs = try Runs(store, directory, count: 10)
        let rows = try file("SELECT count(*) FROM log")[0]
        for _ in 0..<100 { try runs.report(events: 1, bytes: 300) }
        // 37 KiB a run are eleven rows of which the last is in the journal.
        let moved = try file("SELECT count(*) FROM log")[0] - rows
        #expect(moved >= 90 && moved <= 110)
        try runs.areWhole(store)
        try store.close()
    }

    @Test func `an end takes what is in the journal along, and so does a close`() throws {
        let store = try SQLiteStore.reopened(path)
        let runs = try Runs(store, directory, count: 20)
        try runs.report(events: 4)
        for job in runs.jobs.prefix(10) {
            _ = job.finish(attempt: 1, .succeeded(nil), now: Bench.now, random: 0)
        }
        try runs.commit(0..<10)
        for (index, job) in runs.jobs.enumerated() {
            let stored = try file("SELECT max(last_sequence) FROM log WHERE row >> 28 = \(index + 1)")
            #expect(stored == [Int(job.log.view().lastSequence) - (index < 10 ? 0 : 4)])
        }
        try runs.areWhole(store)
        try store.close()
        #expect(try file("SELECT count(*) FROM journal") == [0])
        let last = runs.jobs.map { Int($0.log.view().lastSequence) }
        #expect(try file("SELECT sum(last) FROM (SELECT max(last_sequence) AS last FROM log GROUP BY row >> 28)") == [last.reduce(0, +)])
    }

    @Test func `a killed server's journal is moved to the logs by the next`() throws {
        let store = try SQLiteStore.reopened(path)
        let runs = try Runs(store, directory, count: 30)
        for round in 1...40 { try runs.report(events: round % 3 + 1, bytes: round * 7) }
        #expect(try file("SELECT count(*) FROM journal")[0] > 0)
        let copied = try directory.killed(path, as: "copy.db")
        let copy = try SQLiteStore.reopened(copied)
        try runs.areWhole(copy)
        #expect(try file("SELECT count(*) FROM journal", in: copied) == [0])
        let taken = try copy.acquire(limit: 100, after: 0)
        #expect(taken.map(\.head.end.sequence) == runs.jobs.map { $0.log.view().lastSequence })
        try copy.close()
        try store.close()
    }

    @Test func `what a deleted run has left in the journal does not go to a new one of the same name`() throws {
        let store = try SQLiteStore.reopened(path)
        let old = try Runs(store, directory, count: 5)
        try old.report(events: 3)
        for job in old.jobs { _ = job.finish(attempt: 1, .succeeded(nil), now: Bench.now, random: 0) }
        try old.commit(0..<5)
        var batch = WriteBatch(retainLogBytes: .max)
        batch.deletes = old.jobs.map(\.id)
        #expect(try store.write(batch).deletes == Array(repeating: true, count: 5))
        let new = try Runs(store, directory, count: 5)
        try new.report(events: 1)
        #expect(try file("SELECT count(*) FROM journal") == [2])
        let copy = try SQLiteStore(path: directory.killed(path, as: "copy.db"), bootID: "boot")
        try new.areWhole(copy)
        try copy.close()
        try store.close()
    }

    @Test func `the journal stays within its bound`() throws {
        var limits = StorageLimits()
        limits.journalBytes = 20_000
        let store = try SQLiteStore.reopened(path, limits: limits)
        let runs = try Runs(store, directory, count: 40)
        var longest = 0
        for round in 0..<60 {
            // Some are always quiet: their tails grow old.
            try runs.report(events: 1, of: round % 3 == 0 ? 0..<40 : 5..<40)
            longest = max(longest, try file("SELECT sum(length(records)) FROM journal")[0])
        }
        // The newest row comes on top.
        #expect(longest > 15_000 && longest < 30_000)
        try runs.areWhole(store)
        try store.close()
    }

    @Test func `a reader finds every event while they are moved`() throws {
        var limits = StorageLimits()
        limits.journalSiblings = 1
        limits.journalBytes = 1_500
        let store = try SQLiteStore.reopened(path, limits: limits)
        let runs = try Runs(store, directory, count: 5)
        let committed = Lock<UInt64>(runs.jobs[0].log.view().lastSequence)
        let isOver = Lock(false)
        let ended = DispatchSemaphore(value: 0)
        let id = runs.jobs[0].id
        let reader = Thread {
            defer { ended.signal() }
            while !isOver.withLock({ $0 }) {
                let atLeast = committed.withLock { $0 }
                do {
                    let frames = try #require(try store.read(id, from: .sequence(1), maxBytes: .max))
                    let found = sequences(frames.bytes)
                    #expect(found.count >= atLeast && found == Array(1...UInt64(found.count)))
                    let last = try #require(try store.read(id, from: .sequence(atLeast), maxBytes: 1))
                    #expect(sequences(last.bytes).contains(atLeast))
                    #expect(try #require(try store.job(id)).head.end.sequence >= atLeast)
                } catch {
                    Issue.record("\(error)")
                    return
                }
            }
        }
        reader.start()
        for _ in 0..<1_500 {
            try runs.report(events: 1)
            committed.withLock { $0 = runs.jobs[0].log.view().lastSequence }
        }
        isOver.withLock { $0 = true }
        #expect(ended.wait(timeout: .now() + 30) == .success)
        try store.close()
    }

    @Test func `a damaged journal is refused`() throws {
        let store = try SQLiteStore.reopened(path)
        _ = try Runs(store, directory, count: 5)
        try store.close()
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { db in try db.execute(sql: "INSERT INTO journal VALUES (1, x'0102')") }
        try queue.close()
        #expect(throws: StoreError.damaged("the journal has half a record")) { try SQLiteStore.reopened(path) }
    }

    /// A row of numbers, as another program sees the file.
    private func file(_ sql: String, in path: String? = nil) throws -> [Int] {
        let queue = try DatabaseQueue(path: path ?? self.path)
        defer { try? queue.close() }
        let row = try #require(try queue.read { db in try Row.fetchOne(db, sql: sql) })
        return row.databaseValues.map { Int.fromDatabaseValue($0) ?? 0 }
    }
}
