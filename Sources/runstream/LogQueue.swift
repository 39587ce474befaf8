import EventLoop
import Glibc
import Locking

/// Log lines on their way to a descriptor, written by a thread of their own.
///
/// A pipe or terminal that nobody reads makes `write` wait. Whoever logs never waits: beyond a bound lines are dropped, counted, and told of
/// when there is room again.
package final class LogQueue: Sendable {
    /// Bytes of lines that may wait.
    package static let limitBytes = 1 << 20
    /// How long the end of the program waits for lines that are not written yet.
    package static let flushPatience: Duration = .seconds(1)

    private struct State {
        var bytes: [UInt8] = []
        var dropped: UInt64 = 0
        var isWriting = false
    }

    private let state = Monitor(State())
    private let droppedTotal = Lock<UInt64>(0)
    private let descriptor: Int32

    /// Starts the thread. It lives as long as the process.
    ///
    /// - Parameters:
    ///   - descriptor: where lines are written; it is never closed here.
    ///   - dropNotice: the line that says how many were dropped.
    /// - Throws: `SystemError` when the system has no thread left.
    package init(descriptor: Int32, dropNotice: @escaping @Sendable (UInt64) -> [UInt8]) throws(SystemError) {
        self.descriptor = descriptor
        let state = state
        try BackgroundThread.start(name: "rs-log") {
            while true {
                let (bytes, dropped) =
                    state.wait { state -> ([UInt8], UInt64)? in
                        state.isWriting = false
                        guard !state.bytes.isEmpty || state.dropped > 0 else { return nil }
                        defer { state = State(isWriting: true) }
                        return (state.bytes, state.dropped)
                    } ?? ([], 0)
                Self.write(bytes + (dropped > 0 ? dropNotice(dropped) : []), to: descriptor)
                // For `flush`, which waits for the end of the write.
                state.change { $0.isWriting = false }
            }
        }
    }

    /// Leaves a line, its line feed included. Any thread; takes a short lock, never waits for I/O.
    package func put(_ line: [UInt8]) {
        let isDropped = state.change { state in
            guard state.bytes.count + line.count <= Self.limitBytes else {
                state.dropped += 1
                return true
            }
            state.bytes += line
            return false
        }
        if isDropped { droppedTotal.withLock { $0 += 1 } }
    }

    /// How many lines were dropped so far.
    package var dropped: UInt64 { droppedTotal.withLock { $0 } }

    /// Waits until everything is written, at most for `patience`. Not on a loop.
    package func flush(within patience: Duration = LogQueue.flushPatience) {
        _ = state.wait(timeout: patience) { $0.bytes.isEmpty && $0.dropped == 0 && !$0.isWriting ? true : nil }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&entry, 1, -1)
                continue
            }
            // A log that cannot be written is not worth an error of its own.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
