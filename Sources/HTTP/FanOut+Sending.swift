import EventLoop

/// Sends: the walk over a group's streams, and the turn of a single one.
extension FanOut {
    /// Goes on with the round over a group's streams.
    func walk(_ group: StreamGroup, _ budget: inout Int) {
        tally.forgetMeasure()
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
    func serve(_ stream: UnsafeMutablePointer<EventStream>, _ budget: inout Int) {
        tally.forgetMeasure()
        unsafe stream.pointee.state.remove(.queued)
        guard unsafe stream.pointee.state.isDisjoint(with: [.blocked, .awaitsPage]) else { return }
        if unsafe stream.pointee.state.contains(.hasPrivate) {
            budget -= 1
            guard unsafe sendPrivate(stream) else { return }
        }
        if unsafe stream.pointee.state.contains(.finishing) { return unsafe beginLinger(stream) }
        var quantum = limits.streamQuantumBytes
        guard let group = unsafe group(at: stream.pointee.group) else { return }
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
        // A page that reaches into memory is not kept for the part that lies there: the stream may stay at the head for hours.
        if position >= group.start { unsafe leavePage(stream, group) }
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
}
