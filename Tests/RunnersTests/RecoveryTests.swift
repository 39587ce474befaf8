import Foundation
import Jobs
import Runners
import Testing

extension ProcessTests {
    /// What happens while processes of an earlier server are still being ended.
    struct RecoveryTests {
        @Test func `a run that is cancelled before it is taken up gives its place in the queue back`() throws {
            let instance = String(format: "%016llx", UInt64.random(in: 0 ... .max))
            let leftover = Foundation.Process()
            leftover.executableURL = URL(filePath: "/bin/sh")
            leftover.arguments = ["-c", "trap '' TERM; echo ready; while :; do sleep 1000; done"]
            leftover.environment = ["PATH": "/usr/bin:/bin", "RUNSTREAM_INSTANCE": instance]
            let output = Foundation.Pipe()
            leftover.standardOutput = output
            try leftover.run()
            #expect(output.fileHandleForReading.availableData == Data("ready\n".utf8))
            let bench = try RunBench(instance: instance) {
                $0.killGrace = .seconds(1)
                $0.runner = ["/bin/true"]
            }
            let cancelled = bench.job()
            bench.store.enqueue(cancelled)
            let other = bench.job()
            bench.store.enqueue(other)
            bench.recover([cancelled, other])
            while bench.admission.waiting < 2 { sched_yield() }
            bench.cancel(cancelled)
            #expect(cancelled.published.snapshot.status == .cancelled)
            try bench.end(of: other)
            #expect(bench.admission.waiting == 0)
            leftover.waitUntilExit()
        }
    }
}
