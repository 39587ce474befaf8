import Benchmark
import Foundation
import Jobs
import Runners

/// A runner's line on its way to an envelope, beside a parser that builds objects.
func lineBenchmarks() {
    for (name, padding) in [("100 bytes", 28), ("1 KB", 950)] {
        let text =
            #"{"event": "tick", "data": {"n": 123456, "due": 1234567890123456, "pad": ""# + String(repeating: "x", count: padding) + #""}}"#
        let line = Array(text.utf8)
        let reader = LineReader()
        Benchmark.operation("line of \(name): check and re-space") { reader.read(line) }
        let data = Data(line)
        Benchmark.operation("line of \(name): JSONSerialization") { blackHole(try? JSONSerialization.jsonObject(with: data)) }
    }
}

private final class LineReader {
    private var reader = RunnerLine()
    private var progress = JobProgress()
    private var batch = EventBatch()

    func read(_ line: [UInt8]) {
        if batch.count == 500 { batch.removeAll() }
        blackHole(reader.read(line.span.bytes, progress: &progress, into: &batch))
    }
}
