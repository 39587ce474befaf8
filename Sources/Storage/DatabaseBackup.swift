import Glibc
import Jobs

/// `runstream backup` and `runstream restore`: copies of a database with names.
package enum DatabaseBackup {
    /// Copies a database into a file, also while a server writes to it.
    ///
    /// - Parameters:
    ///   - database: the server's `--db`.
    ///   - file: the backup's name; mode 0600. It has this name only once it is whole, checked and on the disk.
    ///   - replaces: whether a file of that name may go.
    ///   - progress: told how much is done, 0...1.
    /// - Returns: what is in it.
    /// - Throws: `BackupError`; then no file was made or changed.
    package static func backup(
        _ database: String, to file: String, replaces: Bool, progress: (Double) -> Void
    ) throws(BackupError) -> DatabaseCopy {
        guard identity(of: database) != nil else { throw .missing(database) }
        try refuse(file, unless: replaces, sameAs: database)
        let temporary = "\(file).partial-\(getpid())"
        let copy = try DatabaseCopy.make(of: database, at: temporary, progress: progress)
        try rename(temporary, file)
        return copy
    }

    /// Puts a backup in a database's place. No server may run on it.
    ///
    /// - Parameters:
    ///   - file: a backup, or another copy of a database with its `-wal` beside it.
    ///   - database: where the server will look: its `--db`.
    ///   - replaces: whether the database that is there may go.
    ///   - progress: told how much is done, 0...1.
    /// - Returns: what is in it.
    /// - Throws: `BackupError`; then the database that was there is as it was.
    package static func restore(
        _ file: String, to database: String, replaces: Bool, progress: (Double) -> Void
    ) throws(BackupError) -> DatabaseCopy {
        guard identity(of: file) != nil else { throw .missing(file) }
        let lock = try Lock(database)
        if lock.isHeld { try refuse(database, unless: replaces || lock.isEmpty, sameAs: file) }
        let temporary = "\(database).partial-\(getpid())"
        let copy = try DatabaseCopy.make(of: file, at: temporary, progress: progress)
        // The old database's write-ahead log would be replayed into the new one. It is moved into the old file first: should this process end
        // here, that is still whole.
        if lock.isHeld, !lock.isEmpty, let old = try? Connection(database, 2) { try? old.run("PRAGMA wal_checkpoint(TRUNCATE)") }
        for end in ["-wal", "-shm", "-journal"] where unsafe unlink(database + end) != 0 && errno != ENOENT {
            let reason = describe(errno: errno)
            unsafe _ = unlink(temporary)
            throw .system("cannot remove \(database)\(end): \(reason)")
        }
        try rename(temporary, database)
        return copy
    }

    /// The server's lock on a database's file, for as long as it is restored.
    private struct Lock: ~Copyable {
        private let descriptor: Int32
        private(set) var isEmpty = true
        /// Whether there is a file at all.
        var isHeld: Bool { descriptor >= 0 }

        init(_ path: String) throws(BackupError) {
            descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else {
                if errno == ENOENT { return }
                throw .system("cannot open \(path): \(describe(errno: errno))")
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                close(descriptor)
                throw .inUse(path)
            }
            var status = stat()
            isEmpty = unsafe fstat(descriptor, &status) == 0 && status.st_size == 0
        }

        deinit { if descriptor >= 0 { close(descriptor) } }
    }

    private static func refuse(_ path: String, unless replaces: Bool, sameAs other: String) throws(BackupError) {
        guard let found = identity(of: path) else { return }
        guard found != identity(of: other) else { throw .sameFile(path) }
        guard replaces else { throw .exists(path) }
    }

    /// Device and inode; nil if there is no such file.
    private static func identity(of path: String) -> [UInt64]? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
    }

    /// Gives a finished copy its name, and sees that a power cut doesn't take it back.
    private static func rename(_ temporary: String, _ path: String) throws(BackupError) {
        guard unsafe Glibc.rename(temporary, path) == 0 else {
            let reason = describe(errno: errno)
            unsafe _ = unlink(temporary)
            throw .system("cannot rename \(temporary): \(reason)")
        }
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
