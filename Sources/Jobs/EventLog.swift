import Locking

/// A run's event log as its viewers see it: the published part. `Job` appends behind it; the store's writer publishes.
///
/// The fourth step in an event's life. A viewer is nothing but a position in this log: live delivery, replay, a late joiner and a slow reader
/// are all "send what lies between the position and the head". Next: `StoreWriter` commits, then `FanOut` sends.
package final class EventLog: Sendable {
    package let id: JobID

    private struct Published {
        var view: LogView
        var oldest: LogOldest
        /// The envelope of the newest `progress` event below the head, for `?from=now`.
        var progress: [UInt8]
        var observers: [any LogObserver] = []
        /// The last event before this process took the log over; nil in the process that created it.
        var resumed: LogEnd?
    }

    private let state: Lock<Published>

    /// A log that stands at `end` with nothing of it in memory; `progress` is the envelope that `?from=now` begins with.
    init(id: JobID, end: LogEnd, oldest: LogOldest, progress: [UInt8], ending: LogEnding?, isResumed: Bool) {
        self.id = id
        let view = LogView(segments: [], start: end.offset, head: end.offset, lastSequence: end.sequence, ending: ending)
        state = Lock(Published(view: view, oldest: oldest, progress: progress, resumed: isResumed ? end : nil))
    }

    /// What may be sent now. One short lock, any thread; a loop takes it once per wake, not once per viewer.
    package func view() -> LogView {
        state.withLock { $0.view }
    }

    /// The oldest event that is still kept, in memory or in the store.
    package var oldest: LogOldest {
        state.withLock { $0.oldest }
    }

    /// Where a viewer that begins now begins: all of it is taken at one moment.
    ///
    /// - Returns: the head, the number of the last event below it, and the envelope of the newest progress event below it.
    package func now() -> (head: Int, lastSequence: UInt64, progress: [UInt8]) {
        state.withLock { ($0.view.head, $0.view.lastSequence, $0.progress) }
    }

    /// Finds where a returning viewer goes on.
    ///
    /// - Parameter sequence: the last event that the viewer has seen; 0 for none.
    /// - Returns: an offset, or that the store has to be asked.
    /// - Complexity: one segment's frames at most, under a short lock only while the view is taken; any thread.
    package func locate(after sequence: UInt64) -> LogLocation {
        let (view, oldest, resumed) = state.withLock { ($0.view, $0.oldest, $0.resumed) }
        guard sequence < view.lastSequence else { return .offset(view.head, oldest: nil) }
        if sequence + 1 < oldest.sequence { return .offset(oldest.offset, oldest: oldest.sequence) }
        if sequence + 1 == oldest.sequence { return .offset(oldest.offset, oldest: nil) }
        guard let first = view.segments.first else { return .stored }
        if sequence >= first.firstSequence {
            let found = view.locate(after: sequence)
            return .offset(found.offset, oldest: found.oldest)
        }
        if sequence + 1 == first.firstSequence { return .offset(view.start, oldest: nil) }
        guard let resumed, first.startOffset == resumed.offset, sequence >= resumed.sequence else { return .stored }
        return .offset(view.start, oldest: sequence == resumed.sequence ? nil : first.firstSequence)
    }

    /// From now on `observer` hears of each publication. Idempotent; any thread.
    package func attach(_ observer: any LogObserver) {
        state.withLock { state in
            guard !state.observers.contains(where: { $0 === observer }) else { return }
            state.observers.append(observer)
        }
    }

    /// The observer's last viewer is gone. A finished log leaves memory with its last one.
    package func detach(_ observer: any LogObserver) {
        let dropped = state.withLock { state -> [LogSegment] in
            state.observers.removeAll { $0 === observer }
            return Self.evictIfIdle(&state)
        }
        // Freed here, outside the lock.
        _ = consume dropped
    }

    package var hasObservers: Bool {
        state.withLock { !$0.observers.isEmpty }
    }

    // MARK: The publisher's side

    /// Moves the head. Called by the store's writer after the commit, through `Job`.
    func publish(_ view: LogView, oldest: LogOldest, progress: [UInt8]?) {
        let (observers, dropped) = state.withLock { state -> ([any LogObserver], [LogSegment]) in
            let isCut = state.view.ending == .cut
            state.view = view
            if isCut { state.view.ending = .cut }
            state.oldest = oldest
            if let progress { state.progress = progress }
            return (state.observers, Self.evictIfIdle(&state))
        }
        _ = consume dropped
        for observer in observers { observer.logAdvanced(self) }
    }

    /// Ends every stream on it: the run was deleted.
    func cut() {
        let observers = state.withLock { state in
            state.view.ending = .cut
            return state.observers
        }
        for observer in observers { observer.logAdvanced(self) }
    }

    private static func evictIfIdle(_ state: inout Published) -> [LogSegment] {
        guard state.view.ending != nil, state.observers.isEmpty else { return [] }
        let dropped = state.view.segments
        state.view.segments = []
        state.view.start = state.view.head
        return dropped
    }
}

/// Where a viewer goes on.
package enum LogLocation: Sendable, Equatable {
    /// At this offset; if events are missing before it, `oldest` is the first number that is there, and a `gap` event is due.
    case offset(Int, oldest: UInt64?)
    /// Older than what is in memory: ask the store for `.sequence(n)` and let the page locate it.
    case stored
}
