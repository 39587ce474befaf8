import HTTP
import Jobs
import Locking
import Storage

// Where jobs and HTTP meet: a log is a source of bytes from a position.

extension LogView: StreamView {
    /// How the response ends behind the head; nil while more may come.
    package var end: StreamEnd? {
        switch ending {
        case nil: nil
        case .done: .done
        case .cut: .cut
        }
    }
}

extension LogPage: StreamView {
    /// A page says nothing about the log's end.
    package var end: StreamEnd? { nil }
}

/// One log as one loop's streams see it: passes publications on to the loop, and asks the reader threads for what is not in memory.
///
/// Sendable: the loop reads and attaches, the writer and reader threads only pass messages through.
final class LogSource: StreamSource, LogObserver {
    let log: EventLog
    private let readers: StoreReaders
    private let sources: LogSources
    private let observer = Lock<(any StreamObserver)?>(nil)

    init(log: EventLog, readers: StoreReaders, sources: LogSources) {
        self.log = log
        self.readers = readers
        self.sources = sources
    }

    deinit { sources.forget(ObjectIdentifier(log)) }

    func view() -> LogView { log.view() }

    func attach(_ observer: any StreamObserver) {
        self.observer.withLock { $0 = observer }
        log.attach(self)
    }

    func detach(_ observer: any StreamObserver) {
        log.detach(self)
        self.observer.withLock { $0 = nil }
    }

    func logAdvanced(_ log: EventLog) {
        observer.withLock { $0 }?.advanced(self)
    }

    func requestPage(at offset: Int, for observer: any StreamObserver) {
        readers.frames(log.id, from: .offset(offset), observer: PageRequest(source: self, offset: offset, observer: observer))
    }
}

/// One question for a page.
private final class PageRequest: FramesObserver {
    private let source: LogSource
    private let offset: Int
    private let observer: any StreamObserver

    init(source: LogSource, offset: Int, observer: any StreamObserver) {
        self.source = source
        self.offset = offset
        self.observer = observer
    }

    func framesArrived(_ request: LogAddress, _ frames: LogPage?) {
        // A page that begins later means that what was asked for has been trimmed: the viewer comes back, and is told of the gap.
        guard let frames, frames.start <= offset, offset < frames.head else { return observer.pageFailed(source, at: offset) }
        observer.pageArrived(source, frames, at: offset)
    }
}

/// The logs that one loop's streams are on: all streams of a log share one source, and so one wake and one view.
///
/// HTTP holds a source while a stream is on it; here it is held weakly, so that one whose stream never began goes by itself.
final class LogSources: Sendable {
    private struct Entry {
        weak var source: LogSource?
    }

    private let readers: StoreReaders
    // A source may end on another thread, so a lock.
    private let table = Lock<[ObjectIdentifier: Entry]>([:])

    init(readers: StoreReaders) {
        self.readers = readers
    }

    /// The source of a log; on the loop.
    func source(of log: EventLog) -> LogSource {
        let key = ObjectIdentifier(log)
        if let known = table.withLock({ $0[key]?.source }) { return known }
        let source = LogSource(log: log, readers: readers, sources: self)
        table.withLock { $0[key] = Entry(source: source) }
        return source
    }

    /// A source of this log has ended, if no newer one has taken its place.
    func forget(_ key: ObjectIdentifier) {
        // What is found is let go outside the lock: it may by then be the last reference, whose end comes here again.
        let newer = table.withLock { table -> LogSource? in
            let source = table[key]?.source
            if source == nil { table[key] = nil }
            return source
        }
        _ = consume newer
    }

    /// How many logs have streams on this loop.
    var count: Int { table.withLock { $0.count } }
}
