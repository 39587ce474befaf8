import Foundation
import GRDB
import Jobs
import Storage
import Testing

/// A database that is damaged, or that somebody made to hurt the server: an error, never a stop of the process.
@Suite struct HostileRowTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("runs.db") }

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test(arguments: [
        "UPDATE jobs SET timeout = -9223372036854775808", "UPDATE jobs SET timeout = 9223372036854775807",
        "UPDATE jobs SET attempt = 9223372036854775807", "UPDATE jobs SET max_attempts = -1",
        "UPDATE jobs SET epoch = 9223372036854775807", "UPDATE jobs SET epoch = -1",
        "UPDATE jobs SET oldest_sequence = -1", "UPDATE jobs SET oldest_offset = -9223372036854775808",
        "UPDATE jobs SET created_at = -9223372036854775808", "UPDATE jobs SET started_at = 9223372036854775807",
        "UPDATE jobs SET next_at = 9223372036854775807", "UPDATE jobs SET percentage = 'nan'",
        "UPDATE log SET last_sequence = -1", "UPDATE log SET first_sequence = -1", "UPDATE log SET start_offset = 9223372036854775807",
        "UPDATE log SET start_offset = -9223372036854775808", "UPDATE log SET last_sequence = 9223372036854775807",
        "UPDATE log SET bytes = x''", "UPDATE log SET bytes = x'0d0a'", "UPDATE log SET bytes = x'66666666666666660d0a'",
        "UPDATE log SET bytes = CAST('7fffffff' || char(13) || char(10) AS BLOB)", "UPDATE log SET bytes = randomblob(4000)",
        "UPDATE log SET bytes = substr(bytes, 2)", "UPDATE log SET bytes = CAST(replace(bytes, char(13), '!') AS BLOB)",
        "UPDATE status_counts SET count = 9223372036854775807", "UPDATE status_counts SET count = -9223372036854775808",
        "UPDATE jobs SET status = 200", "UPDATE meta SET value = x'' WHERE name = 'instance'",
    ])
    func `no number in a damaged database ends the process`(sql: String) throws {
        let store = try SQLiteStore.reopened(path)
        let runs = try Runs(store, directory, count: 3)
        try runs.report(events: 2)
        try store.close()
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in try db.execute(sql: sql) }
        try queue.close()

        guard let damaged = try? SQLiteStore.reopened(path) else { return }
        for job in runs.jobs {
            if let stored = try? damaged.job(job.id) {
                _ = StatusBody(stored.spec, stored.snapshot).bytes
                _ = stored.snapshot.startedAt.map { $0 - stored.spec.createdAt }
            }
            for address in [LogAddress.offset(0), .offset(1), .sequence(1), .sequence(2), .sequence(.max), .offset(.max)] {
                guard let frames = try? damaged.read(job.id, from: address, maxBytes: 1 << 20) else { continue }
                let page = LogPage(frames)
                PageCache(limitBytes: 1 << 20).insert(job.id, page)
                _ = page.locate(after: 1)
                #expect(page.head >= page.start)
            }
        }
        _ = try? damaged.list(JobFilter(status: nil, sessionID: nil, page: 1, pageSize: 100))
        _ = try? damaged.counts()
        for stored in (try? damaged.acquire(limit: 10, after: 0)) ?? [] {
            #expect(stored.head.epoch > 0)
            #expect(stored.head.end.sequence < .max)
        }
        _ = try? damaged.prune(endedBefore: Timestamp(microseconds: .max), limit: 10)
        try? damaged.close()
    }

    @Test func `a run with the last number there is doesn't end the process at start`() throws {
        let store = try SQLiteStore.reopened(path)
        _ = try Runs(store, directory, count: 1)
        try store.close()
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in try db.execute(sql: "UPDATE jobs SET number = 9223372036854775807") }
        try queue.close()
        #expect(throws: StoreError.damaged("a run has the number 9223372036854775807")) { try SQLiteStore.reopened(path) }
    }

    @Test(arguments: [
        [UInt8](repeating: 0xFF, count: 48), [UInt8](repeating: 0x7F, count: 48), [UInt8](repeating: 0, count: 47),
        [UInt8](repeating: 0, count: 40) + [1, 0, 0, 0, 0, 0, 0, 0],
        [UInt8](repeating: 0, count: 32) + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F] + [1, 0, 0, 0, 0, 0, 0, 0, 0x30],
    ])
    func `no record of a damaged journal ends the process`(records: [UInt8]) throws {
        let store = try SQLiteStore.reopened(path)
        _ = try Runs(store, directory, count: 1)
        try store.close()
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in try db.execute(sql: "INSERT INTO journal(row, records) VALUES (1, ?)", arguments: [Data(records)]) }
        try queue.close()
        #expect(throws: StoreError.self) { try SQLiteStore.reopened(path) }
    }
}
