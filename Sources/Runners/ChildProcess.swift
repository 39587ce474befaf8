import CProcess
import EventLoop
import Glibc

/// A process that was just started, and the server's ends of its pipes, which do not block.
struct ChildProcess: ~Copyable {
    let pid: pid_t
    let stdin: OwnedFD
    let stdout: OwnedFD
    let stderr: OwnedFD

    /// Starts a program as the leader of a group of its own. Blocks until its exec, about half a millisecond.
    ///
    /// - Parameters:
    ///   - words: the program's absolute path and its arguments.
    ///   - environment: all of it, `NAME=value`.
    ///   - directory: its working directory.
    ///   - fileLimit: its soft limit of open files; nil: the server's.
    /// - Returns: the process; the caller reaps it.
    /// - Throws: the call that failed, `execve` included.
    static func start(words: [String], environment: [String], directory: String, fileLimit: UInt64?) throws(SystemError) -> ChildProcess {
        let input = try Pipe(ours: .writing)
        let output = try Pipe(ours: .reading)
        let errors = try Pipe(ours: .reading)
        let arguments = unsafe CStrings(words)
        let variables = unsafe CStrings(environment)
        var pid: pid_t = 0
        var failedCall: UnsafePointer<CChar>?
        let code = unsafe directory.withCString { directory in
            var plan = unsafe rs_spawn_plan()
            unsafe plan.path = UnsafePointer(arguments.pointers[0])
            unsafe plan.arguments = UnsafePointer(arguments.pointers.baseAddress)
            unsafe plan.environment = UnsafePointer(variables.pointers.baseAddress)
            unsafe plan.directory = directory
            unsafe plan.input = input.reading.number
            unsafe plan.output = output.writing.number
            unsafe plan.error = errors.writing.number
            unsafe plan.files = fileLimit ?? 0
            return unsafe rs_spawn(&plan, &pid, &failedCall)
        }
        guard code == 0 else { throw SystemError(unsafe failedCall.map { unsafe String(cString: $0) } ?? "vfork", code: code) }
        return ChildProcess(pid: pid, stdin: input.keepWriting(), stdout: output.keepReading(), stderr: errors.keepReading())
    }
}

/// Both ends of a pipe; the one that is not kept is closed.
private struct Pipe: ~Copyable {
    enum End: Int32 { case reading = 0, writing = 1 }

    let reading: OwnedFD
    let writing: OwnedFD

    init(ours: End) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        let code = unsafe rs_pipe(&ends, ours.rawValue)
        guard code == 0 else { throw SystemError("pipe2", code: code) }
        reading = OwnedFD(ends[0])
        writing = OwnedFD(ends[1])
    }

    consuming func keepReading() -> OwnedFD { reading }
    consuming func keepWriting() -> OwnedFD { writing }
}

/// Strings as C wants them: an array of pointers that ends with NULL.
@unsafe private final class CStrings {
    let pointers: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

    init(_ strings: [String]) {
        unsafe pointers = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { unsafe pointers.initializeElement(at: index, to: strdup(string)) }
        unsafe pointers.initializeElement(at: strings.count, to: nil)
    }

    deinit {
        for index in unsafe pointers.indices { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }
}
