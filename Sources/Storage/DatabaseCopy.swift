import GRDBSQLite
import Glibc
import Jobs

/// A consistent copy of a database, also of one that a server is writing to: one snapshot, page by page, checked and on the disk before it gets
/// its name.
package struct DatabaseCopy {
    /// How many runs are in it.
    package let runs: Int
    package let bytes: Int

    private static let pagesPerStep: Int32 = 1024

    /// Makes the copy.
    ///
    /// - Parameters:
    ///   - source: a database of ours.
    ///   - temporary: where it is made: a name that nobody has, beside the copy's own. Mode 0600 from the first byte. Removed if anything fails.
    ///   - progress: told how much is done, 0...1.
    /// - Returns: what is in it.
    /// - Throws: what is wrong with the source, or with the place.
    static func make(
        of source: String, at temporary: String, progress: (Double) -> Void
    ) throws(BackupError) -> DatabaseCopy {
        let descriptor = unsafe open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("cannot write \(temporary): \(describe(errno: errno))") }
        close(descriptor)
        do throws(BackupError) {
            try copy(source, temporary, progress)
            let runs = try check(temporary)
            let bytes = try sync(temporary)
            return DatabaseCopy(runs: runs, bytes: bytes)
        } catch {
            for end in ["", "-journal", "-wal", "-shm"] { unsafe _ = unlink(temporary + end) }
            throw error
        }
    }

    private static func copy(_ source: String, _ target: String, _ progress: (Double) -> Void) throws(BackupError) {
        let from = try Connection(source, SQLITE_OPEN_READONLY)
        // A transaction that reads: what the server writes meanwhile is not in this snapshot, and does not make the copy begin anew.
        try from.run("BEGIN")
        guard try from.number("PRAGMA application_id") == Int(DatabaseFile.applicationID) else {
            throw .damaged("\(source) is no database of runstream's")
        }
        let found = try from.number("PRAGMA user_version")
        guard found <= StoreSchema.version else { throw .newerSchema(source, found: found, known: StoreSchema.version) }
        _ = try from.number("SELECT count(*) FROM sqlite_schema")
        let to = try Connection(target, SQLITE_OPEN_READWRITE)
        guard let backup = unsafe sqlite3_backup_init(to.pointer, "main", from.pointer, "main") else { throw to.error(target) }
        var code = SQLITE_OK
        repeat {
            code = unsafe sqlite3_backup_step(backup, pagesPerStep)
            let total = unsafe sqlite3_backup_pagecount(backup)
            if total > 0 { progress(1 - Double(unsafe sqlite3_backup_remaining(backup)) / Double(total)) }
        } while code == SQLITE_OK
        unsafe sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw to.error(target) }
        // One file that needs nothing beside it. The server makes it one with a write-ahead log again.
        try to.run("PRAGMA journal_mode = DELETE")
    }

    /// Looks whether the copy is sound.
    ///
    /// - Returns: how many runs are in it.
    private static func check(_ path: String) throws(BackupError) -> Int {
        let copy = try Connection(path, SQLITE_OPEN_READWRITE)
        let report = try copy.text("PRAGMA quick_check(1)")
        guard report == "ok" else { throw .damaged("the database is damaged: \(report)") }
        return try copy.number("SELECT count(*) FROM jobs")
    }

    private static func sync(_ path: String) throws(BackupError) -> Int {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fsync(descriptor) == 0, unsafe fstat(descriptor, &status) == 0 else {
            throw .system("cannot sync \(path): \(describe(errno: errno))")
        }
        close(descriptor)
        return Int(status.st_size)
    }
}

/// Why there is no backup, or no restored database.
package enum BackupError: Error, Equatable {
    /// The database, or the backup, isn't there.
    case missing(String)
    /// Something has the name already, and it was not said that it may go.
    case exists(String)
    case sameFile(String)
    case inUse(String)
    case damaged(String)
    case newerSchema(String, found: Int, known: Int)
    /// What the system says.
    case system(String)
}

/// A connection of its own, without the server's settings.
@safe struct Connection: ~Copyable {
    let pointer: OpaquePointer?

    init(_ path: String, _ flags: Int32) throws(BackupError) {
        var opened: OpaquePointer?
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        unsafe pointer = opened
        guard code == SQLITE_OK else { throw error(path) }
        unsafe sqlite3_busy_timeout(pointer, Int32(StorageSizes.busySeconds * 1000))
    }

    deinit { unsafe sqlite3_close_v2(pointer) }

    func run(_ sql: String) throws(BackupError) {
        guard unsafe sqlite3_exec(pointer, sql, nil, nil, nil) == SQLITE_OK else { throw error(sql) }
    }

    func number(_ sql: String) throws(BackupError) -> Int {
        try unsafe first(sql) { unsafe Int(sqlite3_column_int64($0, 0)) }
    }

    func text(_ sql: String) throws(BackupError) -> String {
        try unsafe first(sql) { statement in unsafe sqlite3_column_text(statement, 0).map { unsafe String(cString: $0) } ?? "" }
    }

    private func first<Value>(_ sql: String, _ read: (OpaquePointer?) -> Value) throws(BackupError) -> Value {
        var statement: OpaquePointer?
        guard unsafe sqlite3_prepare_v2(pointer, sql, -1, &statement, nil) == SQLITE_OK else { throw error(sql) }
        defer { unsafe sqlite3_finalize(statement) }
        guard unsafe sqlite3_step(statement) == SQLITE_ROW else { throw error(sql) }
        return unsafe read(statement)
    }

    /// What SQLite says.
    func error(_ subject: String) -> BackupError {
        let message = unsafe sqlite3_errmsg(pointer).map { unsafe String(cString: $0) } ?? "no memory"
        switch unsafe sqlite3_errcode(pointer) & 0xFF {
        case SQLITE_CORRUPT, SQLITE_NOTADB: return .damaged("\(subject): \(message)")
        default: return .system("\(subject): \(message)")
        }
    }
}
