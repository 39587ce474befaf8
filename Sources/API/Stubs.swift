import HTTP
import Jobs

package protocol FramesObserver: AnyObject, Sendable { func framesArrived(_ request: LogAddress, _ frames: LogPage?) }
package final class StoreWriter: JobCommitter, Sendable {
    package func enqueue(_ job: Job) {}
    package func submit(_ job: Job, key: IdempotencyKey?, waiter: StoreWaiter) {}
    package func delete(_ id: JobID, waiter: StoreWaiter) {}
    package var isHealthy: Bool { true }
}
package final class StoreReaders: Sendable {
    package func loadJob(_ id: JobID, waiter: StoreWaiter) {}
    package func result(_ id: JobID, waiter: StoreWaiter) {}
    package func list(_ filter: JobFilter, waiter: StoreWaiter) {}
    package func frames(_ id: JobID, from address: LogAddress, observer: any FramesObserver) {}
}
package final class ExecutorMailbox: Sendable { package func cancel(_ id: JobID, attempt: Int?) {} }
package struct RecipeBook: Sendable {
    package var names: [String]
    package func path(of name: String) -> String? { names.contains(name) ? name : nil }
}
package struct StoreMetrics {
    package var commits = 0, failures = 0, submits = 0, changes = 0, bytes = 0, pruned = 0; package var events: UInt64 = 0;
    package var latency = StoreHistogram()
}
package struct StoreHistogram { package static let bounds: [Double] = []; package var counts: [Int] = []; package var sum = 0.0 }
extension StoreWriter { package var metrics: StoreMetrics { StoreMetrics() } }
extension StoreReaders { package var waiting: Int { 0 } }
