import Glibc
import Jobs

/// What a runner left in `RUNSTREAM_RESULT_FILE`.
package enum ResultFile: Equatable, Sendable {
    /// There is no file, or an empty one.
    case none
    /// JSON.
    case result([UInt8])
    /// It fails the run.
    case unusable(String)

    /// Whether there is anything to read; one system call.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && (status.st_size > 0 || status.st_mode & S_IFMT != S_IFREG)
    }

    /// Reads it: JSON where it is valid JSON (at most `Limits.jsonDepth` deep), else text.
    static func read(_ path: String) -> ResultFile {
        // Without blocking: it may be a named pipe.
        let fd = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard fd >= 0 else { return errno == ENOENT ? .none : .unusable("The result file cannot be opened (errno \(errno))") }
        defer { close(fd) }
        var status = stat()
        guard unsafe fstat(fd, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return .unusable("The result file is no regular file")
        }
        guard status.st_size <= Limits.resultFileBytes else {
            return .unusable("The result file has \(status.st_size) bytes; at most \(Limits.resultFileBytes) are allowed")
        }
        let size = Int(status.st_size)
        var length = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while length < size, let base = buffer.baseAddress {
                let got = unsafe Glibc.read(fd, base + length, size - length)
                guard got > 0 else { break }
                length += got
            }
            count = length
        }
        return bytes.isEmpty ? .none : .result(json(bytes))
    }

    /// The bytes as JSON in the wire's spelling; as a JSON string where they are none.
    package static func json(_ bytes: [UInt8]) -> [UInt8] {
        var text = bytes
        for _ in 0..<2 {
            var failure = JSONFailure.malformed
            let json = unsafe text.withUnsafeBufferPointer { text in
                unsafe [UInt8](unsafeUninitializedCapacity: JSONScanner.capacity(for: text.count)) { buffer, count in
                    guard let destination = buffer.baseAddress else { return }
                    var scanner = unsafe JSONScanner(text, into: destination)
                    let isValid = scanner.value(depthLimit: Limits.jsonDepth) && scanner.peek() == 0 && scanner.isAtEnd
                    count = isValid ? scanner.position : 0
                    failure = scanner.failure
                }
            }
            if !json.isEmpty { return json }
            guard failure == .notUTF8 else { break }
            text = unsafe text.withUnsafeBufferPointer { unsafe UTF8Check.repaired($0) }
        }
        return JSONText.string(bytes)
    }
}
