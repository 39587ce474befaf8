import Jobs
import Locking

/// Who waits for a page of old log.
package protocol FramesObserver: AnyObject, Sendable {
    /// Called on a store thread (or at once on the asking one, when the page is cached); it only posts to an inbox.
    ///
    /// - Parameters:
    ///   - request: what was asked for.
    ///   - frames: nil when nothing is kept at or after the address, or the store could not read.
    func framesArrived(_ request: LogAddress, _ frames: LogPage?)
}

/// A few threads that read from the store for everybody who must not wait: runs that are no longer in memory, results, lists, old pages of
/// logs.
///
/// All who wait for the same are served by one read. Answers come on a reader's thread.
package final class StoreReaders: Sendable {
    let store: any JobStore
    let registry: JobRegistry
    let committer: any JobCommitter
    let memory: LogMemory
    let limits: StorageLimits
    let cache: PageCache
    let queue = Monitor(ReaderQueue())
    private let threads = Lock<[StoreThread]>([])

    /// Reads nothing yet; see `start`. `committer` is the writer, for the runs that are made of what was read.
    package init(
        store: any JobStore, registry: JobRegistry, committer: any JobCommitter, memory: LogMemory, limits: StorageLimits = StorageLimits()
    ) {
        self.store = store
        self.registry = registry
        self.committer = committer
        self.memory = memory
        self.limits = limits
        cache = PageCache(limitBytes: limits.pageCacheBytes)
    }

    /// - Throws: when the system has no thread left.
    package func start() throws(StoreError) {
        for index in 0..<max(1, limits.readers) {
            let thread = try StoreThread(name: "rs-reader-\(index)") { [self] in run() }
            threads.withLock { $0.append(thread) }
        }
    }

    /// Ends the threads after the reads that are under way; what still waits is answered `.failed`.
    package func stop() {
        queue.change { $0.isStopping = true }
        let ending = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ending { thread.join() }
        while let request = queue.withLock({ $0.next() }) { fail(request, StoreWriter.ended) }
    }

    // MARK: Any thread

    /// Finds a run: answered `.job` with the run, in the registry from then on; nil when it is unknown.
    package func loadJob(_ id: JobID, waiter: StoreWaiter) {
        if let job = registry.find(id) { return waiter.answer(.job(job)) }
        add(.job(id), waiting: .waiter(waiter))
    }

    /// Answered `.result`: nil when the run is unknown or has none.
    package func result(_ id: JobID, waiter: StoreWaiter) {
        add(.result(id), waiting: .waiter(waiter))
    }

    /// Answered `.page`.
    package func list(_ filter: JobFilter, waiter: StoreWaiter) {
        add(
            .list(status: filter.status, sessionID: filter.sessionID, page: filter.page, pageSize: filter.pageSize),
            waiting: .waiter(waiter))
    }

    /// How many runs there are by status: answered `.counts`.
    package func counts(waiter: StoreWaiter) {
        add(.counts, waiting: .waiter(waiter))
    }

    /// Reads a page of log that holds `from`, or the first later one. A cached page is handed over before this returns.
    package func frames(_ id: JobID, from address: LogAddress, observer: any FramesObserver) {
        if let page = cache.find(id, address) { return observer.framesArrived(address, page) }
        add(.frames(id, address), waiting: .frames(observer))
    }

    /// How many wait for a thread to read for them, for `/metrics`.
    package var waiting: Int { queue.withLock { $0.count } }

    private func add(_ read: ReaderQueue.Read, waiting: ReaderQueue.Waiting) {
        let isTaken = queue.change { $0.add(read, waiting, limit: limits.waitingReads) }
        if !isTaken { fail(ReaderQueue.Request(read: read, waiting: [waiting]), .unavailable("too many reads are waiting")) }
    }
}

/// What is to be read, and who waits for it.
///
/// A read that is under way takes nobody on any more: it may have begun before the commit that its asker has been told of.
struct ReaderQueue {
    enum Read: Hashable {
        case job(JobID)
        case result(JobID)
        case list(status: JobStatus?, sessionID: String?, page: Int, pageSize: Int)
        case counts
        case frames(JobID, LogAddress)
    }

    enum Waiting {
        case waiter(StoreWaiter)
        case frames(any FramesObserver)
    }

    struct Request {
        let read: Read
        let waiting: [Waiting]
    }

    /// Those who wait for a read that no thread has taken up yet.
    private var waiting: [Read: [Waiting]] = [:]
    private var line: [Read] = []
    private var lineStart = 0
    /// How many wait.
    private(set) var count = 0
    var isStopping = false

    /// - Returns: false when too many wait already, or the readers have ended.
    mutating func add(_ read: Read, _ one: Waiting, limit: Int) -> Bool {
        guard !isStopping, count < limit else { return false }
        count += 1
        if waiting[read] == nil { line.append(read) }
        waiting[read, default: []].append(one)
        return true
    }

    mutating func next() -> Request? {
        guard lineStart < line.count else { return nil }
        let read = line[lineStart]
        lineStart += 1
        if lineStart == line.count || lineStart > 1024 {
            line.removeFirst(lineStart)
            lineStart = 0
        }
        let all = waiting.removeValue(forKey: read) ?? []
        count -= all.count
        return Request(read: read, waiting: all)
    }
}
