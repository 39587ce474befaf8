import EventLoop

/// The end of all streams of a loop, spread over a time.
struct StreamDrain {
    var left: [StreamHandle]
    var slow: [SlowStream]
    /// How many end per tick.
    let perTick: Int
    /// When those that still have not ended are closed as they are.
    let deadline: Monotonic
    let done: () -> Void
}

extension FanOut {
    /// Ends every stream at its next chunk's end, a few per tick.
    func end(over duration: Duration, done: @escaping () -> Void) {
        let ticksLeft = max(1, Int(duration.nanoseconds / max(1, wheel.interval.nanoseconds)))
        let left = table.handles
        let slow = slowStreams
        drain = StreamDrain(
            left: left, slow: slow, perTick: (left.count + slow.count) / ticksLeft + 1, deadline: loop.now + duration + limits.drainTimeout,
            done: done)
        continueDrain()
        startTicking()
    }

    func continueDrain() {
        guard var drain else { return }
        for _ in 0..<drain.perTick {
            if let handle = drain.left.popLast() {
                guard let stream = unsafe table[handle], unsafe !stream.pointee.state.contains(.finishing) else { continue }
                unsafe stream.pointee.state.insert(.ending)
                unsafe enqueue(stream)
            } else {
                drain.slow.popLast()?.finish()
            }
        }
        if loop.now >= drain.deadline { closeAll() }
        let isOver = count == 0
        self.drain = isOver ? nil : drain
        if isOver { drain.done() }
    }

    /// Closes every stream as it is.
    func closeAll() {
        for handle in table.handles { if let stream = unsafe table[handle] { unsafe remove(stream) } }
        for slow in slowStreams { slow.abort() }
    }
}
