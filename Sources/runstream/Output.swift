import FoundationEssentials
import Glibc

/// Standard output or standard error, unbuffered: what is shown is shown at once, and a full disk is noticed.
struct Output {
    let descriptor: Int32

    /// What it can show.
    var style: TerminalStyle { TerminalStyle(descriptor: descriptor, environment: ProcessInfo.processInfo.environment) }

    static let standard = Output(descriptor: 1)
    static let error = Output(descriptor: 2)

    /// Writes all of it. A closed pipe ends the process by SIGPIPE, as usual.
    func write(_ text: String) throws(CommandFailure) {
        try write(Array(text.utf8))
    }

    func write(_ bytes: [UInt8]) throws(CommandFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN {
                // Somebody else made the terminal non-blocking (the other end of a shared one can).
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&entry, 1, -1)
                continue
            }
            guard count >= 0 else { throw CommandFailure("cannot write: \(unsafe String(cString: strerror(errno)))", .output) }
            rest = rest.dropFirst(count)
        }
    }

    /// The server's JSON and a newline: to the byte, but harmless on a terminal.
    func write(json: [UInt8]) throws(CommandFailure) {
        try write(style.isInteractive ? Array(TerminalText.escapeJSON(String(decoding: json, as: UTF8.self)).utf8) + [0x0A] : json + [0x0A])
    }

    /// A line of ours on standard error; if even that fails there is nobody to tell.
    static func notice(_ line: String) {
        try? error.write(line + "\n")
    }
}
