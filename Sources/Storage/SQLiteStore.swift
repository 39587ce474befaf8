import CSQLite
import GRDB
import GRDBSQLite
import Jobs
import Locking
import Synchronization

/// Runs in an SQLite database: one connection that writes, a few that read, one that checkpoints.
///
/// What a submit or a run's end wrote is on the disk before `write` returns (`synchronous=FULL`); the rest rides on `NORMAL`: a killed
/// process loses nothing of it, a power
/// cut at most what was neither acknowledged nor final. The store holds nothing in memory that the database does not.
package final class SQLiteStore: JobStore {
    /// 16 random hex digits, made with the database's file: tells the processes of this server's runs from others'. A copy of the file gets
    /// its own.
    package let instanceID: String
    /// Whether this file is a copy of the one that the database was last opened as; it then has a new `instanceID`.
    package let isCopy: Bool
    /// 32 random bytes, made with the database: the root of the tokens' keys.
    package let secret: [UInt8]
    /// Whether the machine went down under the server and a run that had not ended then has written nothing since: what its viewers saw
    /// last may be lost. Stays true until those
    /// runs have written again or ended, also over restarts in between.
    package let hadPowerCut: Bool

    /// The database's file: absolute, without symbolic links.
    package var path: String { file.path }

    /// Whether other users of the machine can read the file.
    package var isOpenToOthers: Bool { file.isOpenToOthers }

    /// When a run was last submitted or ended before this server, by the clock of then; nil if there is none.
    package let lastChange: Timestamp?

    let pool: DatabasePool
    let limits: StorageLimits
    let state: Lock<WriterState>
    let journal = Journal()
    private let file: DatabaseFile
    let checkpointer: Checkpointer

    /// What the writing connection has in mind between two transactions.
    struct WriterState {
        /// The number that the next new run gets.
        var nextNumber: Int64
        /// Runs as they were last committed, so that a busy run is not looked up at every commit. Nobody else writes: `DatabaseFile` sees to that.
        var known: [JobID: KnownRun] = [:]
        /// The connection's `PRAGMA synchronous`.
        var isFull = true
        var space: WriteAheadSpace
        var isClosed = false
    }

    /// Opens the database, or makes it.
    ///
    /// - Parameters:
    ///   - path: the database's file; missing directories are made.
    ///   - bootID: the kernel's boot id, which tells a restart of the machine from one of the server.
    ///   - limits: of the connections: how many read.
    /// - Throws: `inUse` when another server has it, `newerSchema`, `damaged` when it is no database or not ours, `unavailable` with the
    ///   system's reason.
    package init(path: String, bootID: String, limits: StorageLimits = StorageLimits()) throws(StoreError) {
        self.limits = limits
        rs_sqlite_configure()
        let file = try DatabaseFile(path: path)
        self.file = file
        let pool = try storeErrors { try DatabasePool(path: file.path, configuration: SQLiteStore.configuration(limits)) }
        self.pool = pool
        let checkpointer = try Checkpointer(path: file.path)
        self.checkpointer = checkpointer
        do {
            let meta = try pool.writeWithoutTransaction { db in
                try StoreSchema.prepare(db, path: file.path)
                try SQLiteStore.setSynchronous(db, isFull: true)
                try checkpointer.observe(db)
                return try StoreMeta.open(db, bootID: bootID, fileID: file.fileID)
            }
            instanceID = meta.instanceID
            secret = meta.secret
            isCopy = meta.isCopy
            lastChange = meta.lastChange
            hadPowerCut = meta.hadPowerCut
            state = Lock(WriterState(nextNumber: meta.nextNumber, space: WriteAheadSpace(databasePath: file.path)))
        } catch {
            checkpointer.stop()
            throw StoreError(error)
        }
        try transaction(isDurable: false) { (transaction) throws(StoreError) in try transaction.recoverJournal() }
    }

    deinit {
        checkpointer.stop()
    }

    /// Notes a clean shutdown and closes everything. Afterwards every call throws.
    package func close() throws(StoreError) {
        let wasClosed = state.withLock { state in
            defer { state.isClosed = true }
            return state.isClosed
        }
        guard !wasClosed else { return }
        defer {
            checkpointer.stop()
            file.close()
        }
        try storeErrors {
            // For who reads the file with other programs; the next server would do it too.
            try? transaction(isDurable: true) { (transaction) throws(StoreError) in try transaction.emptyJournal() }
            try pool.writeWithoutTransaction { db in
                try SQLiteStore.setSynchronous(db, isFull: true)
                try StoreMeta.noteCleanShutdown(db)
                unsafe sqlite3_wal_hook(db.sqliteConnection, nil, nil)
            }
            // The pool closes its writer before its readers, and a connection that only reads leaves the write-ahead log as it is. The
            // checkpointer's can write and is closed last (above): it moves the log into the database and removes its file.
            checkpointer.endThread()
            try pool.close()
        }
    }

    // MARK: Connections

    private static func configuration(_ limits: StorageLimits) -> Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(Double(StorageSizes.busySeconds))
        configuration.maximumReaderCount = max(1, limits.readers) + 1
        configuration.persistentReadOnlyConnections = true
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            guard !db.configuration.readonly else { return }
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            try db.execute(sql: "PRAGMA cache_size = -\(StorageSizes.writerCacheKiB)")
        }
        return configuration
    }

    /// Outside a transaction. GRDB sets NORMAL once the pool is open, so this is asked for and looked at, not set in `prepareDatabase`.
    static func setSynchronous(_ db: Database, isFull: Bool) throws {
        try db.execute(sql: "PRAGMA synchronous = \(isFull ? "FULL" : "NORMAL")")
        let found = try Int.fetchOne(db, sql: "PRAGMA synchronous")
        precondition(found == (isFull ? 2 : 1), "PRAGMA synchronous is \(found ?? -1)")
    }
}
