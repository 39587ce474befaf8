import EventLoop
import Jobs
import Synchronization

/// What a run writes, on its way to the job.
extension ProcessRunner {
    func readStdout() {
        guard let pipe = stdout else { return }
        switch pipe.read(into: &context.buffer) {
        case .bytes(let count):
            guard phase == .running else { return }
            let buffer = context.buffer
            let bytes = unsafe buffer.span.bytes.extracting(0..<count)
            output.readStdout(bytes, now: context.loop.now, with: &context.reader, into: &context.batch)
            flush()
            scheduleFrame()
        case .nothing: break
        case .end:
            stdout = nil
            if exit != nil { collect() }
        }
    }

    func readStderr() {
        guard let pipe = stderr else { return }
        switch pipe.read(into: &context.buffer) {
        case .bytes(let count):
            guard phase == .running else { return }
            let buffer = context.buffer
            output.readStderr(unsafe buffer.span.bytes.extracting(0..<count), now: context.loop.now, into: &context.batch)
            flush()
            scheduleFrame()
        case .nothing: break
        case .end: stderr = nil
        }
    }

    /// Has a frame shown that came too early, once its time has come.
    func scheduleFrame() {
        guard let delay = output.frameDelay(now: context.loop.now) else { return }
        // Without memory for a timer it is shown with the next one.
        if frameTimer == nil { frameTimer = try? LoopTimer(loop: context.loop) { [unowned self] in showFrame() } }
        frameTimer?.schedule(after: delay)
    }

    func showFrame() {
        guard phase == .running, !isPaused else { return }
        output.showFrame(now: context.loop.now, into: &context.batch)
        flush()
        // Behind the one that waited there may be one that is being drawn.
        scheduleFrame()
    }

    /// Gives the job what was read. Over the bounds of what waits for its commit, the pipes are left to fill up until it is committed.
    func flush() {
        guard !context.batch.isEmpty else { return }
        let outcome = job.append(context.batch, attempt: attempt)
        context.batch.removeAll()
        if case .appended(let unpublished) = outcome { limit(unpublished) }
    }

    func limit(_ unpublished: Int) {
        let isTotalOver = unpublished > 0 && context.memory.unpublished.load(ordering: .relaxed) > Limits.totalUnpublishedBytes
        guard unpublished > Limits.unpublishedBytes || isTotalOver, !isPaused, phase == .running else { return }
        isPaused = true
        stdout?.pause()
        stderr?.pause()
        job.whenCommitted(context.waiter { [weak self] in self?.committed() })
    }

    func committed() {
        guard isPaused else { return }
        resume()
        limit(job.unpublishedBytes)
        if isStdoutOverdue, !isPaused { collect() }
    }

    func resume() {
        isPaused = false
        stdout?.resume()
        stderr?.resume()
    }
}
