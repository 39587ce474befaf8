import Glibc

/// How many files the process may have open.
package struct FileLimit: Sendable, Equatable {
    /// The limit before it was raised; children get it back, since `select` in them breaks on numbers beyond 1,023.
    package let original: UInt64
    /// The limit in force.
    package let current: UInt64

    /// Raises the soft limit to the hard one. Once, at start.
    package static func raise() throws(SystemError) -> FileLimit {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { throw SystemError("getrlimit") }
        let original = UInt64(limit.rlim_cur)
        limit.rlim_cur = limit.rlim_max
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { throw SystemError("setrlimit") }
        return FileLimit(original: original, current: UInt64(limit.rlim_cur))
    }
}
