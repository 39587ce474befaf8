import CProcess
import EventLoop
import Glibc

/// What the guardian is to start: a program, and what it begins with.
struct StartPlan {
    /// The program's absolute path and its arguments.
    let words: [String]
    let environment: RunnerEnvironment
    let directory: RunDirectory
    /// Its soft limit of open files; nil: the server's.
    let fileLimit: UInt64?
    let jobID: String

    /// The plan as a file in memory, as `rs_plan` describes it.
    func file() throws(SystemError) -> OwnedFD {
        var head = rs_plan()
        head.arguments = UInt32(clamping: words.count)
        head.variables = UInt32(clamping: environment.count)
        head.files = fileLimit ?? 0
        var bytes: [UInt8] = []
        unsafe withUnsafeBytes(of: &head) { unsafe bytes.append(contentsOf: $0) }
        let title = "runstream: keeper of \(jobID)"
        for text in [words.first ?? "", directory.work, title] + words {
            bytes.append(contentsOf: text.utf8)
            bytes.append(0)
        }
        bytes += environment.bytes
        let fd = unsafe bytes.withUnsafeBytes { unsafe rs_memory_file($0.baseAddress, $0.count) }
        guard fd >= 0 else { throw SystemError("memfd_create") }
        return OwnedFD(fd)
    }
}

/// The descriptors that go to the guardian with a start, open until they have gone.
final class StartDescriptors {
    private let plan, input, output, errors: OwnedFD

    init(plan: consuming OwnedFD, input: consuming OwnedFD, output: consuming OwnedFD, errors: consuming OwnedFD) {
        self.plan = plan
        self.input = input
        self.output = output
        self.errors = errors
    }

    /// In the order of `RS_GUARD_START`.
    var numbers: [Int32] { [plan.number, input.number, output.number, errors.number] }
}
