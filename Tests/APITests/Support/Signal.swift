import Glibc
import Jobs
import Locking
import Logging

/// A value that one thread waits for; gives up after 10 s by ending the test process with a message.
final class Signal<Value: Sendable>: Sendable {
    private let values = Lock<[Value]>([])
    private let pipes: (read: Int32, write: Int32)

    init() {
        var ends: [Int32] = [0, 0]
        unsafe pipe(&ends)
        pipes = (ends[0], ends[1])
    }

    deinit {
        close(pipes.read)
        close(pipes.write)
    }

    func put(_ value: Value) {
        values.withLock { $0.append(value) }
        var byte: UInt8 = 1
        unsafe write(pipes.write, &byte, 1)
    }

    @discardableResult
    func take() -> Value {
        var poller = pollfd(fd: pipes.read, events: Int16(POLLIN), revents: 0)
        let ready = unsafe poll(&poller, 1, 10_000)
        precondition(ready == 1, "nothing was signalled within 10 s")
        var byte: UInt8 = 0
        unsafe read(pipes.read, &byte, 1)
        return values.withLock { $0.removeFirst() }
    }

    /// Puts a value when the store answers.
    func waiter(_ value: Value) -> StoreWaiter {
        StoreWaiter(observer: Waiter(self, value), ticket: 0)
    }

    private final class Waiter: StoreObserver {
        private let signal: Signal<Value>
        private let value: Value

        init(_ signal: Signal<Value>, _ value: Value) {
            self.signal = signal
            self.value = value
        }

        func storeAnswered(_ ticket: UInt64, _ answer: StoreAnswer) { signal.put(value) }
    }
}

/// Keeps what is logged.
final class LogLines: LogHandler, Sendable {
    let lines = Lock<[String]>([])
    var logLevel: Logger.Level {
        get { .debug }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let details = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        lines.withLock { $0.append("\(event.message) \(details)") }
    }
}
