import GRDB
import Jobs

/// What the database knows of itself: its identity, and how the last server left it.
struct StoreMeta {
    let instanceID: String
    let secret: [UInt8]
    let hadPowerCut: Bool
    let nextNumber: Int64
    /// When a run was last submitted or ended, by the clock of then; nil if there is none.
    let lastChange: Timestamp?
    /// Whether the file is a copy of the one that this database was last opened as.
    let isCopy: Bool

    /// Reads it, or makes it, and notes that a server is up; in one transaction, so that a power cut is noted exactly once on the runs that
    /// it concerns.
    ///
    /// - Parameters:
    ///   - db: the writing connection.
    ///   - bootID: the kernel's boot id.
    ///   - fileID: the file's device and inode. A copy of a database has others: it gets an instance of its own, so that its server
    ///     doesn't take the processes of the original's runs for its own and end them.
    /// - Returns: what it read.
    /// - Throws: `StoreError.damaged` if the identity is gone.
    static func open(_ db: Database, bootID: String, fileID: String) throws -> StoreMeta {
        var meta: StoreMeta?
        try db.inTransaction(.immediate) {
            let isFirst = try value(db, "instance") == nil
            if isFirst {
                let identity = StoreIdentity()
                try set(db, "instance", Array(identity.instanceID.utf8))
                try set(db, "secret", identity.secret)
            }
            let recorded = try value(db, "file")
            let isCopy = recorded != nil && recorded != Array(fileID.utf8)
            if isCopy { try set(db, "instance", Array(StoreIdentity().instanceID.utf8)) }
            if recorded == nil || isCopy { try set(db, "file", Array(fileID.utf8)) }
            let previousBoot = try value(db, "boot")
            let wasClean = try value(db, "clean") == [1]
            if let previousBoot, previousBoot != Array(bootID.utf8), !wasClean {
                try db.execute(sql: "UPDATE jobs SET uncertain = 1 WHERE status < 2")
            }
            try set(db, "boot", Array(bootID.utf8))
            try set(db, "clean", [0])
            guard let instance = try value(db, "instance"), let secret = try value(db, "secret") else {
                throw StoreError.damaged("the database has lost its identity")
            }
            let newest = try Int64.fetchOne(db, sql: "SELECT max(number) FROM jobs") ?? 0
            guard (0...RowNumber.largestJob).contains(newest) else { throw StoreError.damaged("a run has the number \(newest)") }
            let changes = [
                try Int64.fetchOne(db, sql: "SELECT max(completed_at) FROM jobs INDEXED BY jobs_by_completion WHERE status >= 2"),
                try Int64.fetchOne(db, sql: "SELECT created_at FROM jobs ORDER BY number DESC LIMIT 1"),
            ]
            meta = StoreMeta(
                instanceID: String(decoding: instance, as: UTF8.self), secret: secret,
                hadPowerCut: try Bool.fetchOne(
                    db, sql: "SELECT EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_by_status WHERE status < 2 AND uncertain)") ?? false,
                nextNumber: newest + 1, lastChange: changes.compactMap(\.self).max().map { Timestamp(microseconds: $0) }, isCopy: isCopy)
            return .commit
        }
        guard let meta else { throw StoreError.unavailable("the database's identity could not be read") }
        return meta
    }

    static func noteCleanShutdown(_ db: Database) throws {
        try set(db, "clean", [1])
    }

    // MARK: Values

    private static func value(_ db: Database, _ name: String) throws -> [UInt8]? {
        guard let data = try DatabaseValue.fetchOne(db, sql: "SELECT value FROM meta WHERE name = ?", arguments: [name]) else { return nil }
        guard case .blob(let bytes) = data.storage else { return nil }
        return Array(bytes)
    }

    private static func set(_ db: Database, _ name: String, _ value: [UInt8]) throws {
        var insert = try HotStatement(db, "INSERT OR REPLACE INTO meta(name, value) VALUES (?, ?)")
        insert.bind(name)
        try insert.run(binding: value)
    }
}
