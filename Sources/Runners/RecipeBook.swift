import Glibc
import Locking

/// A directory whose executables are recipes by their file names. What is put there counts at once, what is taken away is unknown a second
/// later: a recipe that was there is not looked for again so soon. Any thread.
package struct RecipeBook: Sendable {
    /// An absolute path.
    package let directory: String
    /// Recipes that were there, and until when that is believed. By the bytes of their names: two names that strings call equal (`é` as one
    /// character or as two) are two files.
    private let seen = Lock<[[UInt8]: ContinuousClock.Instant]>([:])
    private static let belief: Duration = .seconds(1)

    /// - Parameter directory: a path; a relative one counts from the present working directory.
    /// - Throws: `RunnerCommandError.noDirectory`.
    package init(directory: String) throws(RunnerCommandError) {
        guard let path = unsafe realpath(directory, nil) else { throw .noDirectory(directory) }
        defer { unsafe free(path) }
        self.directory = unsafe String(cString: path)
        var status = stat()
        guard unsafe stat(self.directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { throw .noDirectory(directory) }
    }

    /// The recipes' names, sorted.
    package var names: [String] {
        ProcessTable.names(in: directory).filter { path(of: $0) != nil }.sorted()
    }

    /// Whether there is a recipe of that name, or was within the last second. A submission asks this; a run that starts, `path(of:)`.
    package func has(_ name: String, now: ContinuousClock.Instant = .now) -> Bool {
        let key = Array(name.utf8)
        if let until = seen.withLock({ $0[key] }), now < until { return true }
        guard path(of: name) != nil else { return false }
        seen.withLock { seen in
            seen = seen.filter { now < $0.value }
            seen[key] = now + Self.belief
        }
        return true
    }

    /// The executable of a recipe; nil where there is none of that name.
    package func path(of name: String) -> String? {
        // A name, not a path; what begins with a dot is hidden.
        guard !name.isEmpty, !name.hasPrefix("."), !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0) else { return nil }
        let path = directory + "/" + name
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return unsafe faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? path : nil
    }
}
