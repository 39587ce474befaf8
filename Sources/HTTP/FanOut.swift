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
    private var groupsBySource: [ObjectIdentifier: StreamGroup] = [:]

    // Whoever has something to do in the next slice.
    private var activeGroups: [StreamGroup] = []
    private var queue: [StreamHandle] = []
    private var slowQueue: [SlowStream] = []

    // What is under way at streams' ends.
    var lingering: [StreamHandle] = []
    var pausedReaders: [StreamHandle] = []
    var drain: StreamDrain?
    var ticks: UInt64 = 0

    /// Bytes that single streams send before the log's, with how many of them are sent.
    var privates: [UInt32: (bytes: [UInt8], sent: Int)] = [:]
    var tally = SendTally()

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
        case .pageArrived(let source, let page):
            guard let group = groupsBySource[ObjectIdentifier(source)] else { return }
            pageArrived(group, page)
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
        // Single streams get at most half while whole groups wait.
        let floor = activeGroups.isEmpty ? 0 : budget / 2
        var taken = 0
        while taken < queue.count, budget > floor {
            if let stream = unsafe table[queue[taken]] { unsafe serve(stream, &budget) }
            taken += 1
        }
        queue.removeFirst(taken)
        while !slowQueue.isEmpty, budget > 0 {
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

    private func activate(_ group: StreamGroup) {
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

    // MARK: The walk over a group

    private func walk(_ group: StreamGroup, _ budget: inout Int) {
        if group.news != nil {
            group.refresh()
            for slow in group.slowStreams { enqueue(slow) }
        }
        // Looking at a stream that lacks nothing is cheap, but not free.
        var looks = limits.fanOutSlice * Self.looksPerSend
        while group.left > 0, budget > 0, looks > 0, !group.slots.isEmpty {
            if group.cursor >= group.slots.count { group.cursor = 0 }
            let stream = unsafe table[group.slots[group.cursor]]
            looks -= 1
            if unsafe !stream.pointee.state.isDisjoint(with: .special) {
                group.advance()
            } else if unsafe stream.pointee.position >= group.head {
                // `finish` takes the stream out of the group: the cursor then points to the next one.
                if unsafe group.isAtEnd(stream.pointee.position) { unsafe finish(stream, &budget) } else { group.advance() }
            } else if unsafe stream.pointee.position < group.start {
                group.advance()
                unsafe enqueue(stream)
            } else {
                unsafe sendRun(group, from: stream.pointee.position, &budget)
            }
        }
        group.takeCompleted { posted in counters.fanOut.observe(Monotonic.current() - posted) }
    }

    private static let looksPerSend = 32

    /// Sends to the stream under the cursor, and to those after it that the same contiguous bytes serve: usually all of them.
    private func sendRun(_ group: StreamGroup, from base: Int, _ budget: inout Int) {
        let end = group.end != nil ? group.head : .max
        unsafe group.view.withBytes(at: base) { bytes in
            let span = base..<(base + bytes.count)
            while group.left > 0, budget > 0, group.cursor < group.slots.count {
                let stream = unsafe table[group.slots[group.cursor]]
                guard unsafe stream.pointee.state.isDisjoint(with: .special), unsafe span.contains(stream.pointee.position) else { return }
                let position = unsafe stream.pointee.position
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[(position - base)...])
                budget -= 1
                switch unsafe push(stream, rest, atMost: limits.streamQuantumBytes) {
                case .all where position + rest.count == group.head:
                    if position + rest.count >= end { unsafe finish(stream, &budget) } else { group.advance() }
                case .all, .quantum:
                    // More to send: on its own, so that nobody waits for it.
                    group.advance()
                    unsafe enqueue(stream)
                case .blocked: group.advance()
                case .closed: break
                }
            }
        }
    }

    // MARK: One stream

    /// What came of sending a stream some of the log's bytes.
    enum Push {
        /// The kernel took all of them.
        case all
        /// The kernel took what the stream may have at once.
        case quantum
        /// It waits for room.
        case blocked
        /// It is gone.
        case closed
    }

    /// Sends log bytes that begin at the stream's position.
    func push(_ stream: UnsafeMutablePointer<EventStream>, _ bytes: UnsafeRawBufferPointer, atMost quantum: Int) -> Push {
        let offered = min(bytes.count, quantum)
        tally.calls += 1
        switch unsafe Socket.send(stream.pointee.fd, UnsafeRawBufferPointer(rebasing: bytes[..<offered])) {
        case .sent(let count):
            unsafe tally.count(stream, bytes, sent: count)
            unsafe stream.pointee.position += count
            unsafe stream.pointee.lastSent = loop.now.nanoseconds
            if count < offered {
                unsafe block(stream)
                return .blocked
            }
            return count == bytes.count ? .all : .quantum
        case .again:
            unsafe block(stream)
            return .blocked
        case .closed:
            unsafe remove(stream)
            return .closed
        }
    }

    /// A turn of a single stream: its own bytes, then the log's, up to the quantum.
    private func serve(_ stream: UnsafeMutablePointer<EventStream>, _ budget: inout Int) {
        unsafe stream.pointee.state.remove(.queued)
        guard unsafe stream.pointee.state.isDisjoint(with: [.blocked, .awaitsPage]) else { return }
        if unsafe stream.pointee.state.contains(.hasPrivate) {
            budget -= 1
            guard unsafe sendPrivate(stream) else { return }
        }
        if unsafe stream.pointee.state.contains(.finishing) { return unsafe beginLinger(stream) }
        var quantum = limits.streamQuantumBytes
        guard let group = unsafe groups[Int(stream.pointee.group)] else { return }
        while true {
            let position = unsafe stream.pointee.position
            let end = unsafe stream.pointee.state.contains(.ending) ? position + Int(stream.pointee.frameLeft) : group.head
            if position >= end {
                let isOver = unsafe stream.pointee.state.contains(.ending) || group.isAtEnd(position)
                if isOver { unsafe finish(stream, &budget) }
                return
            }
            guard quantum > 0 else { return unsafe enqueue(stream) }
            budget -= 1
            guard let sent = unsafe sendSpan(stream, group, upTo: end, atMost: quantum) else { return }
            quantum -= sent
        }
    }

    /// Sends what is contiguous at the stream's position, from the tail or a page.
    ///
    /// Returns how many bytes; nil if the stream has to wait for room or for a page, or is gone.
    private func sendSpan(
        _ stream: UnsafeMutablePointer<EventStream>, _ group: StreamGroup, upTo end: Int, atMost quantum: Int
    ) -> Int? {
        let position = unsafe stream.pointee.position
        let page = position < group.start ? group.pages.firstIndex { $0.covers(position) } : nil
        if position < group.start, page == nil {
            unsafe awaitPage(stream, group)
            return nil
        }
        let view = page.map { group.pages[$0].view } ?? group.view
        let outcome = unsafe view.withBytes(at: position) { bytes in
            unsafe push(stream, bytes, atMost: min(quantum, end - position))
        }
        switch outcome {
        case .all, .quantum:
            if let page, unsafe !group.pages[page].covers(stream.pointee.position) { unsafe leavePage(stream, group) }
            return unsafe stream.pointee.position - position
        case .blocked, .closed: return nil
        }
    }

    /// Sends a stream's own bytes.
    ///
    /// Returns whether all of them went out.
    func sendPrivate(_ stream: UnsafeMutablePointer<EventStream>) -> Bool {
        let slot = unsafe stream.pointee.slot
        guard let (bytes, sent) = privates[slot] else { return true }
        tally.calls += 1
        let result = unsafe bytes.withUnsafeBytes { bytes in
            unsafe Socket.send(stream.pointee.fd, UnsafeRawBufferPointer(rebasing: bytes[sent...]))
        }
        switch result {
        case .sent(let count):
            tally.bytes += count
            unsafe stream.pointee.lastSent = loop.now.nanoseconds
            guard sent + count < bytes.count else {
                privates[slot] = nil
                unsafe stream.pointee.state.remove(.hasPrivate)
                return true
            }
            privates[slot] = (bytes, sent + count)
            unsafe block(stream)
        case .again: unsafe block(stream)
        case .closed: unsafe remove(stream)
        }
        return false
    }

    // MARK: Groups

    /// The group of a source, made for its first stream.
    func group(of source: any StreamSource) -> StreamGroup {
        if let group = groupsBySource[ObjectIdentifier(source)] { return group }
        // Attached before the view is taken: what is published in between is heard of.
        if let mailbox { source.attach(mailbox) }
        let free = groups.firstIndex { $0 == nil } ?? groups.count
        let group = StreamGroup(source: source, index: UInt32(free))
        if free == groups.count { groups.append(group) } else { groups[free] = group }
        groupsBySource[ObjectIdentifier(source)] = group
        return group
    }

    func group(at index: UInt32) -> StreamGroup? { groups[Int(index)] }

    /// Lets a group go when nobody is left in it.
    func dropIfEmpty(_ group: StreamGroup) {
        guard group.isEmpty, groupsBySource[ObjectIdentifier(group.source)] === group else { return }
        groupsBySource[ObjectIdentifier(group.source)] = nil
        groups[Int(group.index)] = nil
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
        isTicking = count > 0 || drain != nil
        if isTicking { timer?.schedule(after: wheel.interval) }
    }
}
