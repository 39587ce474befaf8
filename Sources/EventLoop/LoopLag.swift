/// Measures how late a loop runs what is due: a timer that knows when it should have run.
///
/// A loop that is stuck in a handler for 80 ms shows here as 80 ms. 20 probes a second cost nothing that could be measured.
package final class LoopLag {
    private let loop: Loop
    private let interval: Duration
    private var timer: LoopTimer?
    private var due: Monotonic

    /// Begins to measure into `loop.lag`. Before the loop runs, or on it.
    package init(loop: Loop, interval: Duration = .milliseconds(50)) throws(SystemError) {
        self.loop = loop
        self.interval = interval
        due = Monotonic.current() + interval
        loop.pulse.beat(Monotonic.current())
        timer = try LoopTimer(loop: loop) { [weak self] in self?.probe() }
        timer?.schedule(after: interval)
    }

    private func probe() {
        let now = Monotonic.current()
        loop.lag.observe(now - due)
        loop.pulse.beat(now)
        due = now + interval
        timer?.schedule(after: interval)
    }
}
