import EventLoop
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
        /// Lines that were dropped and not told of yet, and all that were dropped.
        var untold: UInt64 = 0
        var dropped: UInt64 = 0
        var isWriting = false
    }

    private let state = Monitor(State())

    /// Starts the thread. It lives as long as the process.
    ///
    /// - Parameters:
    ///   - descriptor: where lines are written; it is never closed here.
    ///   - dropNotice: the line that says how many were dropped.
    /// - Throws: `SystemError` when the system has no thread left.
    package init(descriptor: Int32, dropNotice: @escaping @Sendable (UInt64) -> [UInt8]) throws(SystemError) {
        let state = state
        let output = Output(descriptor: descriptor)
        try BackgroundThread.start(name: "rs-log") {
            while true {
                let (bytes, dropped) =
                    state.wait { state -> ([UInt8], UInt64)? in
                        guard !state.bytes.isEmpty || state.untold > 0 else { return nil }
                        defer { state = State(dropped: state.dropped, isWriting: true) }
                        return (state.bytes, state.untold)
                    } ?? ([], 0)
                // A log that cannot be written is not worth an error of its own.
                try? output.write(bytes + (dropped > 0 ? dropNotice(dropped) : []))
                // For `flush`, which waits for the end of the write.
                state.change { $0.isWriting = false }
            }
        }
    }

    /// Leaves a line, its line feed included. Any thread; takes a short lock, never waits for I/O.
    package func put(_ line: [UInt8]) {
        state.change { state in
            guard state.bytes.count + line.count <= Self.limitBytes else {
                state.untold += 1
                state.dropped += 1
                return
            }
            state.bytes += line
        }
    }

    /// How many lines were dropped so far.
    package var dropped: UInt64 { state.withLock { $0.dropped } }

    /// Waits until everything is written, at most for `patience`. Not on a loop.
    package func flush(within patience: Duration = LogQueue.flushPatience) {
        _ = state.wait(timeout: patience) { $0.bytes.isEmpty && $0.untold == 0 && !$0.isWriting ? true : nil }
    }
}
