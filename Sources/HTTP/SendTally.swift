/// What a slice has sent, added to the shared counters once at its end.
@safe struct SendTally {
    var calls = 0
    var bytes = 0
    var events = 0
    var blocked = 0
    var heartbeats = 0
    // Most streams of a walk are sent the same bytes: measured once.
    private var known: (start: UnsafeRawPointer?, sent: Int, whole: Int, missing: Int) = (nil, 0, 0, 0)

    /// Counts the events in what was sent to a stream, and notes how much of its last chunk is missing.
    @inline(__always)
    mutating func count(_ stream: UnsafeMutablePointer<EventStream>, _ bytes: UnsafeRawBufferPointer, sent: Int) {
        self.bytes += sent
        let left = unsafe Int(stream.pointee.frameLeft)
        if left == 0, unsafe known.start == bytes.baseAddress, unsafe known.sent == sent {
            unsafe events += known.whole
            unsafe stream.pointee.frameLeft = UInt32(known.missing)
        } else {
            unsafe measure(stream, bytes, sent: sent)
        }
    }

    private mutating func measure(_ stream: UnsafeMutablePointer<EventStream>, _ bytes: UnsafeRawBufferPointer, sent: Int) {
        let left = unsafe Int(stream.pointee.frameLeft)
        guard sent >= left else {
            unsafe stream.pointee.frameLeft -= UInt32(sent)
            return
        }
        if left > 0 { events += 1 }
        let (whole, missing) = unsafe ChunkWalk.measure(UnsafeRawBufferPointer(rebasing: bytes[left...]), sent: sent - left)
        events += whole
        unsafe stream.pointee.frameLeft = UInt32(missing)
        if left == 0 { unsafe known = (bytes.baseAddress, sent, whole, missing) }
    }

    /// The bytes measured last may be gone, and others be in their place.
    mutating func forgetMeasure() { unsafe known = (nil, 0, 0, 0) }

    mutating func flush(to counters: ServerCounters) {
        guard calls > 0 || bytes > 0 else { return }
        counters.sendCalls.add(UInt64(calls))
        counters.bytesSent.add(UInt64(bytes))
        counters.eventsSent.add(UInt64(events))
        counters.sendsBlocked.add(UInt64(blocked))
        counters.heartbeatsSent.add(UInt64(heartbeats))
        self = SendTally()
    }
}
