import CLibevent
import EventLoop
import Glibc

/// Streams come, block, and go.
extension FanOut {
    /// Takes over a socket whose request asked for a stream; its head and prefix are sent first.
    func open(_ fd: Int32, _ opening: StreamOpening) {
        let group = group(of: opening.source)
        let stream = unsafe table.take()
        let now = loop.now.nanoseconds
        unsafe stream.pointee.owner = self
        unsafe stream.pointee.fd = fd
        unsafe stream.pointee.position = opening.position
        unsafe stream.pointee.lastSent = now
        unsafe stream.pointee.frameLeft = 0
        unsafe stream.pointee.received = 0
        unsafe stream.pointee.group = group.index
        unsafe stream.pointee.page = 0
        unsafe stream.pointee.indexInGroup = UInt32(group.slots.count)
        unsafe stream.pointee.state = [.open, .hasPrivate]
        unsafe group.slots.append(stream.pointee.slot)
        privates[unsafe stream.pointee.slot] = (StreamHead.render(opening, date: date.text), 0)
        unsafe watch(stream, EV_READ)
        unsafe wheel.insert(stream.pointee.handle, after: pause(stream))
        unsafe enqueue(stream)
        startTicking()
        counters.connections.add(1)
        counters.streams.add(1)
        counters.streamsOpened.add()
        counters.answered(200)
    }

    /// How long until the wheel should look at a stream again, if it is silent from now on.
    func pause(_ stream: UnsafeMutablePointer<EventStream>) -> UInt64 {
        unsafe min(wheel.patience(stream.pointee.slot), UInt64(max(1, limits.writeTimeout.nanoseconds)))
    }

    // MARK: Events

    /// Watches a stream's socket for these events, and for no others.
    func watch(_ stream: UnsafeMutablePointer<EventStream>, _ events: Int32) {
        unsafe unwatch(stream)
        guard events != 0 else { return }
        let fd = unsafe stream.pointee.fd
        unsafe event_assign(
            &stream.pointee.event, loop.base, fd, Int16(events | EV_PERSIST),
            { _, what, context in
                guard let stream = unsafe context?.assumingMemoryBound(to: EventStream.self) else { return }
                unsafe stream.pointee.owner.happened(stream, Int32(what))
            }, stream)
        let added = unsafe event_add(&stream.pointee.event, nil)
        // Only libevent's memory can fail it here (the kernel is told at the turn's end): the stream then lives without being watched, and ends by its write timeout.
        if added != 0 { unsafe stream.pointee.state.insert(.readPaused) }
    }

    func unwatch(_ stream: UnsafeMutablePointer<EventStream>) {
        if unsafe event_initialized(&stream.pointee.event) != 0 { unsafe event_del(&stream.pointee.event) }
    }

    private func happened(_ stream: UnsafeMutablePointer<EventStream>, _ what: Int32) {
        if what & EV_WRITE != 0, unsafe stream.pointee.state.contains(.blocked) {
            unsafe stream.pointee.state.remove(.blocked)
            unsafe watch(stream, stream.pointee.state.contains(.readPaused) ? 0 : EV_READ)
            unsafe enqueue(stream)
        }
        if what & EV_READ != 0 { unsafe read(stream) }
    }

    /// The kernel has no room for this stream.
    func block(_ stream: UnsafeMutablePointer<EventStream>) {
        tally.blocked += 1
        unsafe stream.pointee.state.insert(.blocked)
        unsafe watch(stream, EV_WRITE | (stream.pointee.state.contains(.readPaused) ? 0 : EV_READ))
        // A slow reader does not hold old bytes in memory: it asks again.
        if let group = unsafe group(at: stream.pointee.group) { unsafe leavePage(stream, group) }
    }

    /// Throws away what the client sends; its end, or half an end, is the stream's end.
    private func read(_ stream: UnsafeMutablePointer<EventStream>) {
        let count = unsafe withUnsafeTemporaryAllocation(byteCount: Self.readBytes, alignment: 1) { buffer in
            unsafe recv(stream.pointee.fd, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return unsafe remove(stream) }
        unsafe stream.pointee.received &+= UInt32(count)
        guard unsafe Int(stream.pointee.received) > limits.drainBytes else { return }
        unsafe stream.pointee.state.insert(.readPaused)
        unsafe watch(stream, stream.pointee.state.contains(.blocked) ? EV_WRITE : 0)
        unsafe pausedReaders.append(stream.pointee.handle)
    }

    private static let readBytes = 16 << 10

    // MARK: Ends

    /// Ends a stream cleanly: the last chunk, then the client's turn to close.
    func finish(_ stream: UnsafeMutablePointer<EventStream>, _ budget: inout Int) {
        budget -= 1
        unsafe leaveGroup(stream)
        unsafe stream.pointee.state.formUnion([.finishing, .hasPrivate])
        privates[unsafe stream.pointee.slot] = (ChunkWalk.last, 0)
        if unsafe sendPrivate(stream) { unsafe beginLinger(stream) }
    }

    /// All is sent: closing now, with bytes of the client unread, would reset the connection and take the tail along.
    func beginLinger(_ stream: UnsafeMutablePointer<EventStream>) {
        unsafe shutdown(stream.pointee.fd, Int32(SHUT_WR))
        unsafe stream.pointee.lastSent = loop.now.nanoseconds
        unsafe lingering.append(stream.pointee.handle)
    }

    /// Closes a stream as it is and forgets it.
    func remove(_ stream: UnsafeMutablePointer<EventStream>) {
        unsafe unwatch(stream)
        unsafe leaveGroup(stream)
        unsafe close(stream.pointee.fd)
        if unsafe stream.pointee.state.contains(.hasPrivate) { privates[unsafe stream.pointee.slot] = nil }
        unsafe table.release(stream)
        counters.connections.add(-1)
        counters.streams.add(-1)
    }

    private func leaveGroup(_ stream: UnsafeMutablePointer<EventStream>) {
        guard unsafe !stream.pointee.state.contains(.finishing), let group = unsafe group(at: stream.pointee.group) else { return }
        unsafe leavePage(stream, group)
        let index = unsafe Int(stream.pointee.indexInGroup)
        let last = group.slots.count - 1
        unsafe table[group.slots[last]].pointee.indexInGroup = UInt32(index)
        group.slots.swapAt(index, last)
        group.slots.removeLast()
        group.slotsChanged()
        dropIfEmpty(group)
    }

    // MARK: Regular care

    /// Looks at those whose turn it is on the wheel.
    func beat() {
        let now = loop.now.nanoseconds
        for handle in wheel.tick() {
            guard let stream = unsafe table[handle] else { continue }
            // At its end a stream is cared for here only while it still has something to send.
            guard unsafe !stream.pointee.state.contains(.finishing) || stream.pointee.state.contains(.blocked) else { continue }
            if let next = unsafe care(stream, silent: now - min(now, stream.pointee.lastSent)) { wheel.insert(handle, after: next) }
        }
    }

    /// Sends a heartbeat, or gives up on a client that takes nothing.
    ///
    /// Returns when to look again; nil if the stream is gone.
    private func care(_ stream: UnsafeMutablePointer<EventStream>, silent: UInt64) -> UInt64? {
        if unsafe stream.pointee.state.contains(.blocked) {
            guard silent >= UInt64(max(0, limits.writeTimeout.nanoseconds)) else { return unsafe pause(stream) }
            counters.streamsTimedOut.add()
            unsafe remove(stream)
            return nil
        }
        let patience = unsafe pause(stream)
        let tick = UInt64(wheel.interval.nanoseconds)
        guard silent + tick >= patience else { return patience - silent }
        let isBetweenChunks = unsafe stream.pointee.frameLeft == 0 && stream.pointee.state.isDisjoint(with: [.hasPrivate, .ending])
        guard isBetweenChunks else { return tick }
        tally.heartbeats += 1
        unsafe stream.pointee.state.insert(.hasPrivate)
        privates[unsafe stream.pointee.slot] = (Self.heartbeat, 0)
        let handle = unsafe stream.pointee.handle
        _ = unsafe sendPrivate(stream)
        return unsafe table[handle] == nil ? nil : patience
    }

    /// A comment without text, which ends no event: the bytes `:` and LF.
    private static let heartbeat = ChunkWalk.frame([UInt8(ascii: ":"), 0x0A])

    /// Closes streams that have ended and been drained, and reads again those that were paused.
    func lookAfterEnds() {
        let now = loop.now.nanoseconds
        let timeout = UInt64(max(0, limits.drainTimeout.nanoseconds))
        lingering.removeAll { handle in
            guard let stream = unsafe table[handle] else { return true }
            let isLate = unsafe now - min(now, stream.pointee.lastSent) >= timeout
            // Beyond the bound nothing more is read; once the client has acknowledged all, a reset takes nothing away from it.
            let isDelivered = unsafe stream.pointee.state.contains(.readPaused) && rs_unacknowledged(stream.pointee.fd) == 0
            if isLate || isDelivered { unsafe remove(stream) }
            return isLate || isDelivered
        }
        if ticks % max(1, UInt64(Duration.seconds(1).nanoseconds / max(1, wheel.interval.nanoseconds))) == 0 { resumeReaders() }
        continueDrain()
    }

    private func resumeReaders() {
        let paused = pausedReaders
        pausedReaders = []
        for handle in paused {
            guard let stream = unsafe table[handle] else { continue }
            guard unsafe !stream.pointee.state.contains(.finishing) else { continue }
            unsafe stream.pointee.received = 0
            unsafe stream.pointee.state.remove(.readPaused)
            unsafe watch(stream, EV_READ | (stream.pointee.state.contains(.blocked) ? EV_WRITE : 0))
        }
    }
}
