import CProcess
import Glibc

/// Why `--runner` or `--recipes` cannot be used.
package enum RunnerCommandError: Error, Equatable, CustomStringConvertible {
    /// The command cannot be split into words.
    case unreadable(command: String, why: String)
    case empty
    /// The program is not there, or not executable.
    case noProgram(String)
    /// No directory of recipes.
    case noDirectory(String)

    package var description: String {
        switch self {
        case .unreadable(let command, let why): "The runner command `\(command)` cannot be used: \(why)"
        case .empty: "The runner command is empty"
        case .noProgram(let name): "The runner command's program `\(name)` is not there or not executable"
        case .noDirectory(let path): "`\(path)` is no directory of recipes"
        }
    }
}

/// The value of `--runner`.
package enum RunnerCommand {
    /// Splits a command into words by `wordexp` (quotes, `~`, `$VAR`, no command substitution), its program looked for as a shell would and
    /// made absolute: runs begin in directories of their own. At start, on one thread.
    package static func words(_ command: String) throws(RunnerCommandError) -> [String] {
        guard !command.utf8.contains(0) else { throw .unreadable(command: command, why: "it holds a NUL") }
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        var count = 0
        let code = unsafe rs_split_words(command, &list, &count)
        guard code == 0 else { throw .unreadable(command: command, why: unsafe String(cString: rs_split_error(code))) }
        defer { unsafe rs_free_words(list, count) }
        var words: [String] = []
        for index in 0..<count {
            if let list = unsafe list, let word = unsafe list[index] { unsafe words.append(String(cString: word)) }
        }
        guard let name = words.first, !name.isEmpty else { throw .empty }
        guard let program = find(name) else { throw .noProgram(name) }
        words[0] = program
        // Runs begin in directories of their own, so a file that is named from here must be named absolutely: `python3 agent.py`.
        for index in words.indices.dropFirst() where isFile(words[index]) { words[index] = rooted(words[index]) ?? words[index] }
        return words
    }

    private static func find(_ name: String) -> String? {
        if name.utf8.contains(UInt8(ascii: "/")) { return absolute(name) }
        let search = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        for directory in search.split(separator: ":", omittingEmptySubsequences: false) {
            if let path = absolute("\(directory.isEmpty ? "." : directory)/\(name)") { return path }
        }
        return nil
    }

    /// The path as an absolute one, links kept, since some programs look at the name that they were called by; nil if it is no executable
    /// file.
    private static func absolute(_ path: String) -> String? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, unsafe access(path, X_OK) == 0 else { return nil }
        return rooted(path)
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// A path from here as one from the root.
    static func rooted(_ path: String) -> String? {
        guard !path.hasPrefix("/") else { return path }
        guard let here = unsafe getcwd(nil, 0) else { return nil }
        defer { unsafe free(here) }
        return unsafe String(cString: here) + "/" + path
    }
}
