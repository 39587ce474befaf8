import Glibc
import Locking

/// A directory whose executables are recipes by their file names. What is put there counts at once, what is taken away is unknown a second
/// later: a recipe that was there is not looked for again so soon. Any thread.
package struct RecipeBook: Sendable {
    /// An absolute path. Links in it are followed each time: a deploy may switch one.
    package let directory: String
    /// Recipes that were there, and until when that is believed. By the bytes of their names: two names that strings call equal (`é` as one
    /// character or as two) are two files.
    private let seen = Lock<[[UInt8]: ContinuousClock.Instant]>([:])
    private static let belief: Duration = .seconds(1)

    /// - Parameter directory: a path; a relative one counts from the present working directory.
    /// - Throws: `RunnerCommandError.noDirectory`.
    package init(directory: String) throws(RunnerCommandError) {
        guard let path = RunnerCommand.rooted(directory), Self.kind(of: path) == S_IFDIR else { throw .noDirectory(directory) }
        self.directory = path
    }

    /// What is wrong with the directory as a whole; nil if it holds a recipe. Reads it.
    package var problem: String? { problem(calling: directory) }

    /// The same without a path of this machine: for those who submit runs.
    package var publicProblem: String? { problem(calling: "its directory") }

    private func problem(calling name: String) -> String? {
        switch Self.kind(of: directory) {
        case S_IFDIR: break
        case nil: return "\(name) \(Self.isLink(directory) ? "is a link that leads nowhere" : "isn't there any more")"
        default: return "\(name) isn't a directory"
        }
        guard names.isEmpty else { return nil }
        return notExecutable.first.map { "no file in \(name) is executable. Run: chmod +x \($0)" } ?? "\(name) is empty"
    }

    /// Files that would be recipes if they were executable, sorted. Reads the directory.
    package var notExecutable: [String] {
        ProcessTable.names(in: directory).filter { Self.kind(of: directory + "/" + $0) == S_IFREG && path(of: $0) == nil }.sorted()
    }

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func isLink(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
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
        guard Self.kind(of: path) == S_IFREG else { return nil }
        return unsafe faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? path : nil
    }
}
