import CLibevent
import EventLoop
import Glibc

/// A socket whose answer is sent: reads what its client still sends, so that closing doesn't reset the connection and lose the answer.
final class LingeringSocket {
    private let fd: OwnedFD
    private var watch: FDWatch?
    private var timer: LoopTimer?
    private var left: Int
    private let ended: (LingeringSocket) -> Void

    /// Reads at most so many bytes for at most so long; `ended` is called on the loop, once.
    init(
        loop: Loop, fd: consuming OwnedFD, bytes: Int, time: Duration, ended: @escaping (LingeringSocket) -> Void
    ) throws(SystemError) {
        let number = fd.number
        self.fd = fd
        left = bytes
        self.ended = ended
        watch = try FDWatch(loop: loop, fd: number, events: .read) { [unowned self] _ in read() }
        timer = try LoopTimer(loop: loop) { [unowned self] in end() }
        timer?.schedule(after: time)
    }

    private func read() {
        let count = unsafe withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { buffer in
            unsafe recv(fd.number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        left -= max(0, count)
        if count <= 0 || left <= 0 { end() }
    }

    private func end() {
        watch = nil
        timer = nil
        ended(self)
    }
}
