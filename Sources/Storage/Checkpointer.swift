import GRDB
import GRDBSQLite
import Jobs
import Locking
import Synchronization

/// Moves committed pages from the write-ahead log into the database, on a connection and a thread of its own: done by the writer, it would
/// hold up commits for 10 ms at a time.
///
/// Passive: it takes what it can without waiting for anybody. When it has caught up, the next commit begins the log's file anew.
final class Checkpointer: Sendable {
    /// How long the write-ahead log was after the last commit, in pages. Relaxed: a hint.
    let pages = Atomic<Int>(0)
    private let work = Monitor(Work())
    private let queue: DatabaseQueue
    private let thread: StoreThread

    private struct Work {
        var isDue = false
        var isStopping = false
    }

    init(path: String) throws(StoreError) {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(StorageSizes.busySeconds))
        configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA wal_autocheckpoint = 0") }
        let queue = try storeErrors { try DatabaseQueue(path: path, configuration: configuration) }
        self.queue = queue
        thread = try StoreThread(name: "rs-checkpoint") { [work] in
            while Self.isDue(work) {
                // What it cannot do now (disk full, a reader in the way) it does next time.
                try? queue.writeWithoutTransaction { db in _ = try db.checkpoint(.passive) }
                _ = work.wait(timeout: StorageSizes.checkpointPause) { $0.isStopping ? true : nil }
            }
        }
    }

    /// Hears of every commit on the writing connection. That must be closed, or its hook removed, before this is freed.
    func observe(_ db: Database) throws {
        unsafe sqlite3_wal_hook(
            db.sqliteConnection,
            { context, _, _, pages in
                guard let context = unsafe context else { return SQLITE_OK }
                unsafe Unmanaged<Checkpointer>.fromOpaque(context).takeUnretainedValue().committed(pages: Int(pages))
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Ends the thread; the connection stays open. Idempotent.
    func endThread() {
        work.change { $0.isStopping = true }
        thread.join()
    }

    /// Ends the thread and closes the connection. Idempotent.
    func stop() {
        endThread()
        try? queue.close()
    }

    private func committed(pages: Int) {
        self.pages.store(pages, ordering: .relaxed)
        guard pages >= StorageSizes.checkpointPages else { return }
        work.change { $0.isDue = true }
    }

    /// Sleeps until there is something to do.
    /// - Returns: false when it is to end.
    private static func isDue(_ work: Monitor<Work>) -> Bool {
        work.wait { work -> Bool? in
            guard !work.isStopping else { return false }
            guard work.isDue else { return nil }
            work.isDue = false
            return true
        } ?? false
    }
}
