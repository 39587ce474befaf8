import Jobs

/// All that one attempt's runner has written so far, read line by line: events go into a batch, the rest is kept for the attempt's end.
struct RunnerOutput {
    private var stdout = LineSplitter()
    private var stderr = LineSplitter()
    private var progress = JobProgress()
    private var plain = PlainText()
    private var reported: [UInt8]?
    private var errorLine: [UInt8] = []

    /// What the run's result is where there is no result file: the last `result` event, else the plain text; nil when there is neither.
    var result: JobResult? {
        guard let reported else { return plain.result }
        return JobResult(json: reported)
    }

    /// The last line of stderr that was not blank, cut at `Limits.errorBytes`.
    var lastErrorLine: String? {
        errorLine.isEmpty ? nil : String(decoding: errorLine, as: UTF8.self)
    }

    /// Takes the next bytes of stdout.
    mutating func readStdout(_ bytes: RawSpan, with reader: inout RunnerLine, into batch: inout EventBatch) {
        withSplitter(\.stdout) { output, splitter in
            splitter.feed(bytes) { output.stdoutLine($0, dropped: $1, &reader, &batch) }
        }
    }

    /// Takes what is left of stdout at its end.
    mutating func endStdout(with reader: inout RunnerLine, into batch: inout EventBatch) {
        withSplitter(\.stdout) { output, splitter in
            splitter.finish { output.stdoutLine($0, dropped: $1, &reader, &batch) }
        }
    }

    /// Takes the next bytes of stderr.
    mutating func readStderr(_ bytes: RawSpan, into batch: inout EventBatch) {
        withSplitter(\.stderr) { output, splitter in
            splitter.feed(bytes) { output.stderrLine($0, dropped: $1, &batch) }
        }
    }

    /// Takes what is left of stderr at its end.
    mutating func endStderr(into batch: inout EventBatch) {
        withSplitter(\.stderr) { output, splitter in
            splitter.finish { output.stderrLine($0, dropped: $1, &batch) }
        }
    }

    /// Lends a splitter out, so that its lines can change the rest.
    @inline(__always)
    private mutating func withSplitter(
        _ path: WritableKeyPath<RunnerOutput, LineSplitter>, _ body: (inout RunnerOutput, inout LineSplitter) -> Void
    ) {
        var splitter = LineSplitter()
        swap(&splitter, &self[keyPath: path])
        body(&self, &splitter)
        swap(&splitter, &self[keyPath: path])
    }

    private mutating func stdoutLine(_ line: RawSpan, dropped: Int, _ reader: inout RunnerLine, _ batch: inout EventBatch) {
        switch reader.read(line, progress: &progress, into: &batch) {
        case .event: break
        case .result(let json): reported = json
        case .plain, .empty: plain.append(line, droppedBytes: dropped)
        }
        if dropped > 0 { LogEnvelope.append(Self.warning(dropped), .warning, to: &batch) }
    }

    private mutating func stderrLine(_ line: RawSpan, dropped: Int, _ batch: inout EventBatch) {
        guard line.byteCount > 0 else { return }
        unsafe line.withUnsafeBytes { bytes in
            unsafe LogEnvelope.append(bytes.bindMemory(to: UInt8.self), .stderr, to: &batch)
            if unsafe bytes.contains(where: { $0 > 0x20 }) {
                let isLong = bytes.count > Limits.errorBytes
                unsafe errorLine = Array(bytes.prefix(isLong ? UTF8Check.boundary(in: line, atOrBefore: Limits.errorBytes) : bytes.count))
            }
        }
        if dropped > 0 { LogEnvelope.append(Self.warning(dropped), .stderrWarning, to: &batch) }
    }

    private static func warning(_ dropped: Int) -> String {
        "Line cut at \(Limits.lineBytes / 1024) KiB: \(dropped) bytes dropped"
    }
}
