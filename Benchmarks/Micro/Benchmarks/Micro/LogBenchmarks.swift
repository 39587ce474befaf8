import Benchmark
@testable import Jobs

/// Frames, the log they are appended to, and the way back into it.
func logBenchmarks() {
    let envelope = Array((#"{"event": "tick", "data": {"pad": ""# + String(repeating: "x", count: 62) + #""}}"#).utf8)
    let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    Benchmark.operation("frame of 100 bytes: encode") {
        guard let start = frame.baseAddress else { return }
        envelope.withUnsafeBytes { EventFrame.write(sequence: 123_456, data: $0, to: start) }
        blackHole(start)
    }
    for size in [1, 100] {
        let job = RunningJob()
        var batch = EventBatch()
        for _ in 0..<size {
            batch.bytes += envelope
            batch.endEnvelope()
        }
        let fixed = batch
        Benchmark.operation("append \(size) events, commit, publish") {
            _ = job.job.append(fixed, attempt: 1)
            job.commit()
        }
    }
    let job = RunningJob()
    var batch = EventBatch()
    for _ in 0..<5000 {
        batch.bytes += envelope
        batch.endEnvelope()
    }
    _ = job.job.append(batch, attempt: 1)
    job.commit()
    var sequence: UInt64 = 0
    Benchmark.operation("resume: sequence number to offset, 5,000 events in memory") {
        sequence = (sequence + 997) % 5000
        blackHole(job.job.log.locate(after: sequence))
    }
    Benchmark.operation("view of a log") { blackHole(job.job.log.view()) }
}

/// A run at work whose store commits at once.
private final class RunningJob {
    private final class Committer: JobCommitter {
        func enqueue(_ job: Job) {}
    }

    private final class Observer: StoreObserver {
        func storeAnswered(_ ticket: UInt64, _ answer: StoreAnswer) {}
    }

    let job: Job

    init() {
        let now = Timestamp(microseconds: 1_800_000_000_000_000)
        let spec = JobSpec(
            id: JobID(bits: 0x4be1_c02a_77d9), createdAt: now, sessionID: nil, timeoutSeconds: 60, maxAttempts: 1, webhookURL: nil)
        job = Job(spec: spec, work: JobWork(prompt: "p"), committer: Committer(), memory: LogMemory(limits: JobLimits()))
        _ = job.start(now: now, waiter: StoreWaiter(observer: Observer(), ticket: 1))
        commit()
    }

    func commit() {
        guard let commit = job.takeCommit() else { return }
        blackHole(job.committed(commit, .committed(oldest: LogOldest())))
    }
}
