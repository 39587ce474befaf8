import CLibevent
import EventLoop
import Glibc

/// Sends every stream of a loop what lies between its position and its log's head.
///
/// A step of an event's life: a source has posted that it advanced; the viewers' sockets are next, and last. One view is taken per
/// wake, then streams are walked in slices, one slice per turn of the loop, so that a request never waits for ten thousand viewers.
/// A stream costs one `send` and no lock, allocation or existential call; what the kernel does not take stays where it is, in the log.
@safe package final class FanOut {
    let loop: Loop
    let limits: Limits
    let counters: ServerCounters
    let table = StreamTable()
    var wheel: HeartbeatWheel

    private(set) var mailbox: FanOutMailbox?
    private var timer: LoopTimer?
    private var isTicking = false
    private var groups: [StreamGroup?] = []
    private var freeGroups: [Int] = []
    private var groupsBySource: [ObjectIdentifier: StreamGroup] = [:]

    // Whoever has something to do in the next slice.
    private var activeGroups = Fifo<StreamGroup>()
    private var queue: [StreamHandle] = []
    private var slowQueue = Fifo<SlowStream>()

    // What is under way at streams' ends.
    var lingering: [StreamHandle] = []
    var pausedReaders: [StreamHandle] = []
    var drain: StreamDrain?
    var ticks: UInt64 = 0

    /// Bytes that single streams send before the log's, with how many of them are sent.
    var privates: [UInt32: (bytes: [UInt8], sent: Int)] = [:]
    var tally = SendTally()
    var date = DateHeader()

    init(loop: Loop, limits: Limits, counters: ServerCounters) throws(SystemError) {
        self.loop = loop
        self.limits = limits
        self.counters = counters
        wheel = HeartbeatWheel(heartbeat: limits.heartbeat)
        timer = try LoopTimer(loop: loop) { [unowned self] in tick() }
        let inbox = try Inbox<FanOutMessage>(loop: loop) { [unowned self] in receive($0) }
        mailbox = FanOutMailbox(inbox: inbox)
    }

    /// Streams of this loop, slow ones included.
    package var count: Int { table.count + groups.reduce(0) { $0 + ($1?.slowStreams.count ?? 0) } }

    /// Whether streams are being ended, and no new ones may begin.
    var isEnding: Bool { drain != nil }

    /// Those of the slow path.
    var slowStreams: [SlowStream] { groups.flatMap { $0?.slowStreams ?? [] } }

    // MARK: What other threads said

    private func receive(_ message: FanOutMessage) {
        switch message {
        case .advanced(let source, let posted):
            guard let group = groupsBySource[ObjectIdentifier(source)] else { return }
            if group.news == nil { group.news = posted }
            activate(group)
        case .pageArrived(let source, let page, let offset):
            guard let group = groupsBySource[ObjectIdentifier(source)] else { return }
            pageArrived(group, page, at: offset)
        case .pageFailed(let source, let offset):
            guard let group = groupsBySource[ObjectIdentifier(source)] else { return }
            pageFailed(group, at: offset)
        }
    }

    // MARK: Slices

    /// One slice of sends; to be called once per turn of the loop.
    ///
    /// Returns whether there is more to do.
    func slice() -> Bool {
        var budget = limits.fanOutSlice
        // Single streams get at most half while whole groups wait, and evhttp's at most a quarter.
        let floor = activeGroups.isEmpty ? 0 : budget / 2
        var taken = 0
        while taken < queue.count, budget > floor {
            if let stream = unsafe table[queue[taken]] { unsafe serve(stream, &budget) }
            taken += 1
        }
        queue.removeFirst(taken)
        while !slowQueue.isEmpty, budget > floor / 2 {
            budget -= Self.slowCost
            slowQueue.removeFirst().pump()
        }
        while !activeGroups.isEmpty, budget > 0 {
            let group = activeGroups.removeFirst()
            group.isQueued = false
            walk(group, &budget)
            if group.hasWork { activate(group) }
        }
        tally.flush(to: counters)
        return !(activeGroups.isEmpty && queue.isEmpty && slowQueue.isEmpty)
    }

    /// A pump of evhttp's path costs about as much as so many sends.
    private static let slowCost = 4

    func activate(_ group: StreamGroup) {
        guard !group.isQueued else { return }
        group.isQueued = true
        activeGroups.append(group)
    }

    /// Gives a stream a turn of its own.
    func enqueue(_ stream: UnsafeMutablePointer<EventStream>) {
        guard unsafe !stream.pointee.state.contains(.queued) else { return }
        unsafe stream.pointee.state.insert(.queued)
        unsafe queue.append(stream.pointee.handle)
    }

    func enqueue(_ slow: SlowStream) {
        guard !slow.isQueued else { return }
        slow.isQueued = true
        slowQueue.append(slow)
    }

    // MARK: Groups

    /// The group of a source, made for its first stream.
    func group(of source: any StreamSource) -> StreamGroup {
        if let group = groupsBySource[ObjectIdentifier(source)] { return group }
        // Attached before the view is taken: what is published in between is heard of.
        if let mailbox { source.attach(mailbox) }
        let index = freeGroups.popLast() ?? groups.count
        let group = StreamGroup(source: source, index: UInt32(index))
        if index == groups.count { groups.append(group) } else { groups[index] = group }
        groupsBySource[ObjectIdentifier(source)] = group
        return group
    }

    func group(at index: UInt32) -> StreamGroup? { groups[Int(index)] }

    /// Lets a group go when nobody is left in it.
    func dropIfEmpty(_ group: StreamGroup) {
        guard group.isEmpty, groupsBySource[ObjectIdentifier(group.source)] === group else { return }
        groupsBySource[ObjectIdentifier(group.source)] = nil
        groups[Int(group.index)] = nil
        freeGroups.append(Int(group.index))
        if let mailbox { group.source.detach(mailbox) }
    }

    // MARK: Time

    func startTicking() {
        guard !isTicking else { return }
        isTicking = true
        timer?.schedule(after: wheel.interval)
    }

    private func tick() {
        ticks += 1
        beat()
        lookAfterEnds()
        for group in groups { for slow in group?.slowStreams ?? [] { slow.tick() } }
        tally.flush(to: counters)
        // What a burst of new streams has grown.
        if privates.isEmpty { privates = [:] }
        if queue.isEmpty { queue = [] }
        isTicking = count > 0 || drain != nil
        if isTicking { timer?.schedule(after: wheel.interval) }
    }
}
