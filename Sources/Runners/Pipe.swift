import CProcess
import EventLoop

/// A pipe between the server and a run's process. The server's end does not block.
struct Pipe: ~Copyable {
    /// Which end is the server's.
    enum End: Int32 { case reading = 0, writing = 1 }

    let ours: OwnedFD
    let theirs: OwnedFD

    init(ours end: End) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        let code = unsafe rs_pipe(&ends, end.rawValue)
        guard code == 0 else { throw SystemError("pipe2", code: code) }
        ours = OwnedFD(ends[end == .reading ? 0 : 1])
        theirs = OwnedFD(ends[end == .reading ? 1 : 0])
    }
}
