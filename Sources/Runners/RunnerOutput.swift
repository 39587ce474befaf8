import EventLoop
import Jobs

/// All that one attempt's runner has written so far, read line by line: events go into a batch, the rest is kept for the attempt's end.
struct RunnerOutput {
    private var stdout = LineSplitter()
    private var stderr = LineSplitter()
    private var progress = JobProgress()
    private var plain = PlainText()
    private var reported: [UInt8]?
    private var errorLine: [UInt8] = []
    private var tail = ErrorTail()
    private var gate = FrameGate()
    private var bar: BarFrame?
    /// The runner tells its progress itself: bars don't.
    private var hasOwnProgress = false

    /// What the run's result is where there is no result file: the last `result` event, else the plain text; nil when there is neither.
    var result: JobResult? {
        guard let reported else { return plain.result }
        return JobResult(json: reported)
    }

    /// The last line of stderr that was not blank, cut at `Limits.errorBytes`.
    var lastErrorLine: String? {
        errorLine.isEmpty ? nil : String(decoding: errorLine, as: UTF8.self)
    }

    /// The last lines of stderr.
    var errorTail: String { tail.text }

    /// Takes the next bytes of stdout.
    mutating func readStdout(_ bytes: RawSpan, now: Monotonic, with reader: inout RunnerLine, into batch: inout EventBatch) {
        withSplitter(\.stdout) { output, splitter in
            splitter.feed(bytes) { output.stdoutPiece($0, dropped: $1, $2, now, &reader, &batch) }
        }
    }

    /// Takes what is left of stdout at its end.
    mutating func endStdout(now: Monotonic, with reader: inout RunnerLine, into batch: inout EventBatch) {
        withSplitter(\.stdout) { output, splitter in
            splitter.finish { output.stdoutPiece($0, dropped: $1, $2, now, &reader, &batch) }
        }
    }

    /// Takes the next bytes of stderr.
    mutating func readStderr(_ bytes: RawSpan, now: Monotonic, into batch: inout EventBatch) {
        withSplitter(\.stderr) { output, splitter in
            splitter.feed(bytes) { output.stderrPiece($0, dropped: $1, $2, now, &batch) }
        }
    }

    /// Takes what is left of stderr at its end.
    mutating func endStderr(now: Monotonic, into batch: inout EventBatch) {
        withSplitter(\.stderr) { output, splitter in
            splitter.finish { output.stderrPiece($0, dropped: $1, $2, now, &batch) }
        }
    }

    // MARK: Frames

    /// When `showFrame` is to be called, if nothing is read before; nil if nothing waits to be shown.
    func frameDelay(now: Monotonic) -> Duration? {
        if let delay = gate.delay(now: now) { return delay }
        guard let open = stdout.openFrame ?? stderr.openFrame, !gate.isShown(open) else { return nil }
        return Limits.frameInterval
    }

    /// Shows the frame whose time has come: a bar that stands still is shown as it stands.
    mutating func showFrame(now: Monotonic, into batch: inout EventBatch) {
        if let frame = gate.take(now: now) { return show(frame.text, frame.isStderr ? .stderrFrame : .frame, into: &batch) }
        if let text = stdout.openFrame { frame(text, isStderr: false, now, &batch) }
        if let text = stderr.openFrame { frame(text, isStderr: true, now, &batch) }
    }

    private mutating func frame(_ text: [UInt8], isStderr: Bool, _ now: Monotonic, _ batch: inout EventBatch) {
        guard gate.passes(text, isStderr: isStderr, now: now) else { return }
        show(text, isStderr ? .stderrFrame : .frame, into: &batch)
    }

    private mutating func show(_ text: [UInt8], _ origin: LogEnvelope.Origin, into batch: inout EventBatch) {
        unsafe moveBar(text.span.bytes, into: &batch)
        unsafe text.withUnsafeBufferPointer { unsafe LogEnvelope.append($0, origin, to: &batch) }
    }

    /// A frame like tqdm's moves the progress.
    private mutating func moveBar(_ text: RawSpan, into batch: inout EventBatch) {
        guard !hasOwnProgress, let said = BarFrame(text), said != bar else { return }
        bar = said
        progress.percentage = String(said.percentage)
        if let label = said.label { progress.currentStep = label }
        batch.bytes.append("{\"event\": \"progress\", \"data\": {\"percentage\": ")
        batch.bytes.append(contentsOf: progress.percentage.utf8)
        if let label = said.label {
            batch.bytes.append(", \"current_step\": ")
            batch.bytes.append(contentsOf: label.utf8)
        }
        batch.bytes.append("}}")
        batch.endEnvelope(progress: progress)
    }

    // MARK: Lines

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

    @inline(__always)
    private mutating func stdoutPiece(
        _ text: RawSpan, dropped: Int, _ piece: LineSplitter.Piece, _ now: Monotonic, _ reader: inout RunnerLine, _ batch: inout EventBatch
    ) {
        if piece == .line { return stdoutLine(text, dropped: dropped, &reader, &batch) }
        if piece == .frame { return frame(unsafe text.withUnsafeBytes { unsafe Array($0) }, isStderr: false, now, &batch) }
        gate.lineEnded(isStderr: false)
        moveBar(text, into: &batch)
        stdoutLine(text, dropped: dropped, &reader, &batch)
    }

    private mutating func stderrPiece(
        _ text: RawSpan, dropped: Int, _ piece: LineSplitter.Piece, _ now: Monotonic, _ batch: inout EventBatch
    ) {
        if piece == .frame { return frame(unsafe text.withUnsafeBytes { unsafe Array($0) }, isStderr: true, now, &batch) }
        if piece == .lastFrame {
            gate.lineEnded(isStderr: true)
            moveBar(text, into: &batch)
        }
        stderrLine(text, dropped: dropped, &batch)
    }

    private mutating func stdoutLine(_ line: RawSpan, dropped: Int, _ reader: inout RunnerLine, _ batch: inout EventBatch) {
        switch reader.read(line, progress: &progress, into: &batch) {
        case .event:
            if !hasOwnProgress, let last = batch.progress?.index, last == batch.count - 1 { hasOwnProgress = true }
        case .result(let json): reported = json
        case .plain, .empty: plain.append(line, droppedBytes: dropped)
        }
        if dropped > 0 { LogEnvelope.append(Self.warning(dropped), .warning, to: &batch) }
    }

    private mutating func stderrLine(_ line: RawSpan, dropped: Int, _ batch: inout EventBatch) {
        guard line.byteCount > 0 else { return }
        unsafe line.withUnsafeBytes { bytes in
            unsafe LogEnvelope.append(bytes.bindMemory(to: UInt8.self), .stderr, to: &batch)
            unsafe tail.append(bytes.bindMemory(to: UInt8.self))
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
