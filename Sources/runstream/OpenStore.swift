import Glibc
import Storage
import Jobs

/// Opens the database, or says in words why not.
enum OpenStore {
    /// How long a lock is waited for: a server that was just killed may have had a child between fork and exec, which holds it for a moment longer.
    static let patience: Duration = .seconds(2)
    private static let pauseMilliseconds: Int32 = 50

    static func open(_ path: String, limits: StorageLimits) throws(ServeError) -> SQLiteStore {
        let deadline = ContinuousClock.now + patience
        while true {
            do throws(StoreError) {
                return try SQLiteStore(path: path, bootID: BootID.current, limits: limits)
            } catch {
                guard case .inUse = error, ContinuousClock.now < deadline else { throw ServeError(text(error, path: path)) }
                _ = poll(nil, 0, pauseMilliseconds)
            }
        }
    }

    /// The error as a sentence that says what to do.
    static func text(_ error: StoreError, path: String) -> String {
        switch error {
        case .inUse: "the database \(path) is in use by another server. Stop that one, or choose another --db."
        case .newerSchema(let found, let known):
            "the database \(path) was written by a newer runstream (schema \(found); this one knows \(known)). Upgrade, or choose another --db."
        case .damaged(let reason): "the database \(path) cannot be used: \(reason). Restore a backup, or choose another --db."
        case .unavailable(let reason): "the database \(path) cannot be opened: \(reason)."
        }
    }
}
