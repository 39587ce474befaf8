import CProcess
import EventLoop
import Glibc
import Jobs

/// One attempt's directory: `work`, where its process begins, and beside it the result file.
struct RunDirectory: Sendable {
    let path: String
    var work: String { path + "/work" }
    var result: String { path + "/result" }

    /// Makes the directory of an attempt, for nobody else to look into. `random` keeps it apart from what an attempt before a crash left.
    init(in stateDirectory: String, id: JobID, attempt: Int, random: UInt64) throws(SystemError) {
        path = "\(Self.all(in: stateDirectory))/\(id)-\(attempt)-\(String(random, radix: 16))"
        for directory in [stateDirectory, Self.all(in: stateDirectory), path, work] {
            guard unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw SystemError("mkdir \(directory)") }
        }
    }

    /// Has all directories removed that an earlier server left.
    static func removeAll(in stateDirectory: String, files: RunFiles) {
        for name in ProcessTable.names(in: all(in: stateDirectory)) { files.post(.remove(path: "\(all(in: stateDirectory))/\(name)")) }
    }

    /// Where all runs' directories are.
    static func all(in stateDirectory: String) -> String { stateDirectory + "/runs" }
}

/// The thread that does what may take long on disk, so that the control loop never waits: removes directories, reads result files.
package final class RunFiles: Sendable {
    enum Task: Sendable {
        case remove(path: String)
        case readResult(path: String, ticket: UInt64)
        case stop
    }

    private let inbox: Inbox<Task>
    private let thread: LoopThread

    /// Starts the thread.
    ///
    /// - Parameter onResult: called on it with each result file that was read.
    /// - Throws: `SystemError`.
    init(onResult: @escaping @Sendable (UInt64, ResultFile) -> Void) throws {
        (thread, inbox) = try LoopThread.start(name: "run-files") { loop in
            try Inbox<Task>(loop: loop) { [unowned loop] task in
                switch task {
                case .remove(let path): unsafe rs_remove_tree(path)
                case .readResult(let path, let ticket): onResult(ticket, ResultFile.read(path))
                case .stop: loop.stop()
                }
            }
        }
    }

    func post(_ task: Task) { inbox.post(task) }

    /// Waits until everything posted so far is done, and ends the thread.
    func stop() {
        post(.stop)
        thread.join()
    }

    deinit { thread.stop() }
}
