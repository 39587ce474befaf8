import Glibc

/// A directory whose executables are recipes by their file names. Read anew at each question, so that what is put there counts at once. Any
/// thread.
package struct RecipeBook: Sendable {
    /// An absolute path.
    package let directory: String

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
