/// The value of `--db`: the path of a file.
enum DatabasePath {
    /// Refuses what looks like another kind of database. A URL would become a directory of that name, with its password in the log.
    ///
    /// - Throws: `SettingsError.notAFile`, which never repeats what follows the scheme.
    static func check(_ path: String) throws(SettingsError) -> String {
        if path.hasPrefix(":memory:") { throw .notAFile("`:memory:`", advice: "Runs are kept in a file; name one, such as /tmp/runs.db.") }
        guard let colon = path.utf8.firstIndex(of: UInt8(ascii: ":")) else { return path }
        let scheme = path[..<colon]
        let isName = scheme.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || "+-.".utf8.contains($0) }
        let isURL = path[colon...].hasPrefix("://") || ["postgresql", "postgres", "file", "sqlite"].contains(scheme.lowercased())
        guard isName, isURL, !scheme.isEmpty else { return path }
        throw .notAFile("a URL (\(scheme.lowercased()):...)", advice: "This version keeps runs in an SQLite file: name its path.")
    }
}
