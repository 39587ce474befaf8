import Glibc

/// Reads what a user names on the command line.
enum LocalFile {
    /// Far above any request body that a server takes.
    static let limitBytes = 64 << 20

    /// The whole file; `-` is standard input.
    static func read(_ path: String) throws(ArgumentProblem) -> [UInt8] {
        let descriptor = path == "-" ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw problem() }
        defer { if descriptor > 0 { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw problem() }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limitBytes else { throw ArgumentProblem("larger than \(SizeArgument.format(limitBytes))") }
        }
    }

    /// The whole file as UTF-8.
    static func readText(_ path: String) throws(ArgumentProblem) -> String {
        guard let text = String(validating: try read(path), as: UTF8.self) else { throw ArgumentProblem("not UTF-8") }
        return text
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func problem() -> ArgumentProblem {
        ArgumentProblem(unsafe String(cString: strerror(errno)))
    }
}
