import EventLoop
import Glibc

/// Why a program could not be started, in words for the one who wrote it. Reads files: not on a loop.
enum StartFailure {
    /// - Parameters:
    ///   - path: the program.
    ///   - error: the call that failed.
    /// - Returns: a sentence without its full stop, which names the file and says what to do.
    static func explain(_ path: String, _ error: SystemError) -> String {
        guard error.call == "execve" else { return "\(error)" }
        let head = firstLine(of: path)
        switch error.code {
        case ENOENT where head != nil, ENOTDIR where head != nil, EACCES where isExecutable(path) && head != nil:
            return interpreter(path, head ?? [], error.code)
        case ENOENT: return "\(path) isn't there any more"
        case EACCES: return "\(path) isn't executable. Run: chmod +x \(path)"
        case ENOEXEC: return format(path, head ?? [])
        case ETXTBSY: return "\(path) is still being written (\(error)). Write it under another name, then rename it"
        case E2BIG: return "the environment of the server is too large for \(path) (\(error))"
        default: return "\(path): \(error)"
        }
    }

    /// The kernel found the file, but not what is to run it.
    private static func interpreter(_ path: String, _ line: [UInt8], _ code: Int32) -> String {
        guard line.starts(with: Array("#!".utf8)) else {
            return "\(path) is a program whose loader isn't on this machine: it was built for another one"
        }
        if line.last == UInt8(ascii: "\r") {
            return "\(path), line 1 ends with a carriage return, as Windows writes it. Run: sed -i 's/\\r$//' \(path)"
        }
        let words = line.dropFirst(2).split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let name = words.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard !name.isEmpty else { return "\(path), line 1 names no interpreter. Write for example: #!/bin/sh" }
        return code == EACCES
            ? "\(path), line 1: the interpreter \(name) isn't executable"
            : "\(path), line 1: the interpreter \(name) isn't there. Install it, or name one that is: #!/usr/bin/env NAME"
    }

    /// The kernel doesn't know what the file is.
    private static func format(_ path: String, _ line: [UInt8]) -> String {
        if line.isEmpty { return "\(path) is empty, or its first line is" }
        if line.starts(with: [0x7F, 0x45, 0x4C, 0x46]) { return "\(path) is a program for another kind of machine" }
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { return "\(path), line 1 begins with a byte order mark. Save it as UTF-8 without one" }
        return "\(path), line 1 doesn't say what runs it. Begin the file with a line such as #!/bin/sh or #!/usr/bin/env python3"
    }

    /// What stands before the first LF, at most `Limits.shebangBytes`; nil if the file can't be read.
    private static func firstLine(of path: String) -> [UInt8]? {
        ProcessTable.bytes(of: path, limit: 1).map { Array($0.prefix(Limits.shebangBytes).prefix { $0 != 0x0A }) }
    }

    private static func isExecutable(_ path: String) -> Bool { unsafe faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 }
}
