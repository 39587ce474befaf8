import Foundation
import Glibc

/// The built `runstream` as a child, on pipes or on a terminal of its own.
package final class ChildProcess {
    package struct Ending {
        /// The exit status; 1000 and the signal where one ended it.
        package var status: Int32
        /// What it wrote to standard output; on a terminal, to standard error, too.
        package var output: String
        package var error: String
    }

    private let process = Process()
    private var output: Int32 = -1
    /// nil on a terminal, which gets both.
    private var errorPipe: Pipe?
    private var gathered: [UInt8] = []

    /// - Parameters:
    ///   - arguments: without the command's own name.
    ///   - environment: all there is of it, besides PATH.
    ///   - input: its standard input.
    ///   - columns: the width of its terminal; nil for pipes.
    ///   - outputFile: its standard output, instead of a pipe.
    /// - Throws: what keeps it from starting.
    package init(
        _ arguments: [String], environment: [String: String] = [:], input: String = "", columns: UInt16? = nil, outputFile: String? = nil
    ) throws {
        // The executables of a package lie in one directory, the tests' own included.
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(
            path: "runstream")
        process.arguments = arguments
        // A sanitizer's settings hold for the child as for the test: its leaks are ArgumentParser's own, at the exit from a usage error.
        let sanitizers = ProcessInfo.processInfo.environment.filter { ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains($0.key) }
        process.environment = ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm"].merging(sanitizers) { $1 }.merging(environment)
        { $1 }
        let inputPipe = Pipe()
        process.standardInput = inputPipe
        if let columns {
            try startOnTerminal(columns)
        } else {
            let outputPipe = Pipe()
            process.standardOutput = outputFile.flatMap { FileHandle(forWritingAtPath: $0) } ?? outputPipe
            let errorPipe = Pipe()
            process.standardError = errorPipe
            self.errorPipe = errorPipe
            try process.run()
            output = dup(outputPipe.fileHandleForReading.fileDescriptor)
            try outputPipe.fileHandleForWriting.close()
        }
        try inputPipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try inputPipe.fileHandleForWriting.close()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        close(output)
    }

    private func startOnTerminal(_ columns: UInt16) throws {
        output = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        // unlockpt(3) and ptsname(3), which Swift's Glibc module lacks: TIOCSPTLCK and TIOCGPTN.
        var number: Int32 = 0
        guard unsafe ioctl(output, 0x4004_5431, &number) == 0, unsafe ioctl(output, 0x8004_5430, &number) == 0 else {
            throw CocoaError(.fileNoSuchFile)
        }
        let terminal = unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = unsafe ioctl(terminal, UInt(TIOCSWINSZ), &size)
        let handle = FileHandle(fileDescriptor: terminal, closeOnDealloc: true)
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        try handle.close()
    }

    package func interrupt() {
        kill(process.processIdentifier, SIGINT)
    }

    /// Reads until this has been written.
    ///
    /// - Returns: whether it was, before the end.
    package func awaitOutput(_ text: String) -> Bool {
        while !String(decoding: gathered, as: UTF8.self).contains(text) {
            guard readSome() else { return false }
        }
        return true
    }

    /// Reads to the end and waits for the exit.
    package func wait() -> Ending {
        while readSome() {}
        let error = (try? errorPipe?.fileHandleForReading.readToEnd()).flatMap { $0 } ?? Data()
        process.waitUntilExit()
        let status = process.terminationReason == .exit ? process.terminationStatus : 1000 + process.terminationStatus
        return Ending(status: status, output: String(decoding: gathered, as: UTF8.self), error: String(decoding: error, as: UTF8.self))
    }

    private func readSome() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(output, $0.baseAddress, $0.count) }
        guard count > 0 else { return false }
        gathered += buffer[..<count]
        return true
    }
}
