import Glibc

/// The directory that `agent_file` may name files of (`--agent-root`).
package struct AgentRoot: Sendable {
    private let path: String

    /// - Throws: when `path` is no directory that can be reached.
    package init(_ path: String) throws(SettingError) {
        guard let resolved = Self.resolve(path), Self.kind(of: resolved) == S_IFDIR else { throw .noDirectory(path) }
        self.path = resolved
    }

    /// Finds a file that a submission names, relative to the root or absolute.
    ///
    /// The check is made on the path with all links followed, so that neither `..` nor a link leads out of the root.
    ///
    /// - Returns: the file's real path.
    package func file(_ name: String) throws(AgentFileProblem) -> String {
        guard let resolved = Self.resolve(name.hasPrefix("/") ? name : "\(path)/\(name)") else { throw .notFound(name) }
        // Said in the same words as of a file that is not there: otherwise a caller could ask which files this machine has.
        guard resolved.hasPrefix(path == "/" ? "/" : "\(path)/") else { throw .notFound(name) }
        guard Self.kind(of: resolved) == S_IFREG else { throw .notFound(name) }
        return resolved
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(validatingCString: resolved)
    }

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}
