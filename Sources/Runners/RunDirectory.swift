import CProcess
import EventLoop
import Glibc
import Jobs
import Locking

/// One attempt's directory: `work`, where its process begins, and beside it the result file.
///
/// All of them lie in one directory that belongs to this database alone (`<database>.attempts`). Only names that `init` makes are ever
/// removed from it.
struct RunDirectory: Sendable {
    let path: String
    var work: String { path + "/work" }
    var result: String { path + "/result" }

    /// Makes the directory of an attempt, for nobody else to look into. `random` keeps it apart from what an attempt before a crash left.
    init(in attempts: String, id: JobID, attempt: Int, random: UInt64) throws(SystemError) {
        path = "\(attempts)/\(id)-\(attempt)-\(String(random, radix: 16))"
        for directory in [path, work] {
            guard unsafe mkdir(directory, 0o700) == 0 else { throw SystemError("mkdir \(directory)") }
        }
    }

    /// Makes the directory of all attempts, mode 0700. A symbolic link or somebody else's directory is refused: what is removed in it later
    /// would not be ours.
    ///
    /// - Throws: `SystemError` with what is wrong.
    static func prepare(_ attempts: String) throws(SystemError) {
        guard unsafe mkdir(attempts, 0o700) == 0 || errno == EEXIST else { throw SystemError("mkdir \(attempts)") }
        var status = stat()
        guard unsafe lstat(attempts, &status) == 0 else { throw SystemError("lstat \(attempts)") }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw SystemError("\(attempts)", code: ENOTDIR) }
        guard status.st_uid == geteuid() else {
            // It belongs to another user.
            throw SystemError("\(attempts)", code: EPERM)
        }
        guard unsafe status.st_mode & 0o077 == 0 || chmod(attempts, 0o700) == 0 else { throw SystemError("chmod \(attempts)") }
    }

    /// Directories of attempts that an earlier server left. Other names are not ours and are left out.
    static func leftovers(in attempts: String) -> [String] {
        ProcessTable.names(in: attempts).filter(isOurs).map { "\(attempts)/\($0)" }
    }

    /// Whether a name is one that `init` makes: `run_` and 12 hex digits, the attempt, a random number in hex.
    static func isOurs(_ name: String) -> Bool {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, JobID(String(parts[0])) != nil else { return false }
        return (1...4).contains(parts[1].utf8.count) && parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) }
            && (1...16).contains(parts[2].utf8.count)
            && parts[2].utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// The thread that does what may take long on disk, so that the control loop never waits: removes directories, reads result files.
package final class RunFiles: Sendable {
    enum Task: Sendable {
        case remove(path: String)
        case readResult(path: String, ticket: UInt64)
        case explain(path: String, SystemError, ticket: UInt64)
        case stop
    }

    private let inbox: Inbox<Task>
    private let thread: LoopThread
    private let isDone: Monitor<Bool>
    private let isGivenUp: Lock<Bool>

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - name: the thread's.
    ///   - onResult: called on it with each result file that was read.
    ///   - onExplained: called on it with why a program could not be started.
    /// - Throws: `SystemError`.
    init(
        name: String, onResult: @escaping @Sendable (UInt64, ResultFile) -> Void,
        onExplained: @escaping @Sendable (UInt64, String) -> Void
    ) throws {
        let (isDone, isGivenUp) = (Monitor(false), Lock(false))
        self.isDone = isDone
        self.isGivenUp = isGivenUp
        (thread, inbox) = try LoopThread.start(name: name) { loop in
            try Inbox<Task>(loop: loop) { [unowned loop] task in
                switch task {
                case .remove(let path): if !isGivenUp.withLock({ $0 }) { unsafe rs_remove_tree(path) }
                case .readResult(let path, let ticket): onResult(ticket, ResultFile.read(path))
                case .explain(let path, let error, let ticket): onExplained(ticket, StartFailure.explain(path, error))
                case .stop:
                    isDone.change { $0 = true }
                    loop.stop()
                }
            }
        }
    }

    func post(_ task: Task) { inbox.post(task) }

    /// Gives what was posted so far a moment, and ends the thread. What is left of directories goes at the next start.
    func stop(within patience: Duration) {
        post(.stop)
        if isDone.wait(timeout: patience, for: { $0 ? true : nil }) == true { return thread.join() }
        isGivenUp.withLock { $0 = true }
    }

    deinit { thread.stop() }
}
