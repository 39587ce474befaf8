import EventLoop
import Glibc

/// The server's end of a runner's stdout or stderr, watched on the control loop.
@safe final class RunnerPipe {
    private let fd: OwnedFD
    private var watch: FDWatch?

    /// What a read brought.
    enum Read { case bytes(Int), nothing, end }

    init(_ fd: consuming OwnedFD, loop: Loop, onReadable: @escaping () -> Void) throws(SystemError) {
        let number = fd.number
        self.fd = fd
        watch = try FDWatch(loop: loop, fd: number, events: .read) { _ in onReadable() }
    }

    deinit { watch = nil }

    /// Stops reading: the pipe fills up and its writers wait. That is the back-pressure.
    func pause() { watch?.disable() }
    func resume() { watch?.enable() }

    /// Reads once, as much as fits.
    func read(into buffer: inout [UInt8]) -> Read {
        let got = unsafe Glibc.read(fd.number, &buffer, buffer.count)
        if got > 0 { return .bytes(got) }
        return got < 0 && (errno == EAGAIN || errno == EINTR) ? .nothing : .end
    }
}

/// Feeds a runner's stdin: bytes, then the end of file. A runner that reads slowly, or never, holds nothing up.
@safe final class StdinFeeder {
    private var fd: OwnedFD?
    private var bytes: [UInt8]
    private var offset = 0
    private var watch: FDWatch?

    init(_ fd: consuming OwnedFD, _ bytes: [UInt8], loop: Loop) throws(SystemError) {
        let number = fd.number
        self.fd = consume fd
        self.bytes = bytes
        feed()
        guard self.fd != nil else { return }
        watch = try FDWatch(loop: loop, fd: number, events: .write) { [unowned self] _ in feed() }
    }

    deinit { close() }

    private func feed() {
        guard let number = fd?.number else { return }
        while offset < bytes.count {
            let wrote = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(number, buffer.baseAddress.map { unsafe $0 + offset }, buffer.count - offset)
            }
            if wrote < 0 {
                if errno == EAGAIN || errno == EINTR { return }
                break  // EPIPE: the runner does not want to know
            }
            offset += wrote
        }
        close()
    }

    private func close() {
        watch = nil
        fd = nil
        bytes = []
    }
}
