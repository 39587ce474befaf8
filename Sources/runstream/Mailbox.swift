import Locking

/// Values that threads leave and one thread waits for, in order.
final class Mailbox<Value: Sendable>: Sendable {
    private let values = Monitor<[Value]>([])

    /// Any thread.
    func put(_ value: Value) {
        values.change { $0.append(value) }
    }

    /// Waits for the next value; at most for `timeout`.
    ///
    /// - Returns: nil when the time is over.
    func take(within timeout: Duration? = nil) -> Value? {
        values.wait(timeout: timeout) { $0.isEmpty ? nil : $0.removeFirst() }
    }
}
