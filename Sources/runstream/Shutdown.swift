import API
import EventLoop
import Jobs
import Logging
import Storage

/// The end of a server: waits for a signal, then drains in order.
///
/// Not ready, no submits, no new streams; runs get the drain grace; what they still had to say is committed and sent; streams are ended one by one; the
/// database notes a clean shutdown. A second signal hurries.
struct Shutdown {
    let control: (thread: LoopThread, handle: ControlHandle)
    let serving: [(thread: LoopThread, handle: ServingHandle)]
    let writer: StoreWriter
    let readers: StoreReaders
    let store: SQLiteStore
    let registry: JobRegistry
    let state: ServerState
    let events: Mailbox<ControlEvent>
    let signals: ShutdownSignals
    let watchdog: LoopWatchdog
    let logger: Logger

    /// How long the streams' ends are spread over, so that not everybody comes back at once.
    private static let spread: Duration = .milliseconds(300)
    /// What streams get to take their last bytes.
    private static let patience: Duration = .milliseconds(500)

    /// Blocks until everything is down.
    func wait() {
        signals.waitFor("the control loop")
        waitForSignal()
        state.drain()
        signals.waitFor("the runs")
        logger.info("Draining: no new runs or streams; running ones get the drain grace")
        control.handle.drain()
        waitForRuns()
        // From here on nothing is appended; the writer ends when all of it is committed and published.
        signals.waitFor("the database's writer")
        writer.stop()
        signals.waitFor("the streams")
        closeStreams()
        watchdog.stop()
        for loop in serving { loop.thread.stop() }
        for loop in serving {
            signals.waitFor("the loop \(loop.handle.pulse.name)")
            loop.thread.join()
        }
        signals.waitFor("the loop \(control.handle.pulse.name)")
        control.thread.stop()
        control.thread.join()
        signals.waitFor("the database's readers")
        readers.stop()
        registry.removeAll()
        signals.waitFor("the database")
        do { try store.close() } catch { logger.error("The database was not closed cleanly", metadata: ["error": "\(error)"]) }
        logger.info("Stopped")
    }

    private func waitForSignal() {
        while let event = events.take() {
            switch event {
            case .signal: return
            case .failed(let reason): logger.error("Runs of the last server cannot be taken up", metadata: ["error": "\(reason)"])
            case .drained, .streamsClosed: break
            }
        }
    }

    private func waitForRuns() {
        while let event = events.take() {
            switch event {
            case .drained: return
            case .signal:
                logger.info("Hurrying: what still runs is killed")
                control.handle.hurry()
            case .failed, .streamsClosed: break
            }
        }
    }

    private func closeStreams() {
        for loop in serving { loop.handle.close(over: Self.spread, events: events) }
        var open = serving.count
        let deadline = Monotonic.current() + Self.spread + Self.patience
        while open > 0, let event = events.take(within: deadline - Monotonic.current()) {
            if case .streamsClosed = event { open -= 1 }
        }
    }
}
