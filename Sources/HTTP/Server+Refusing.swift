import EventLoop

/// Requests that come too late or are refused.
extension Server {
    func expire(_ connection: Connection) {
        if connection.mayGoOn() { return expectRequest(connection) }
        counters.requestsTimedOut.add()
        if connection.reader.bytes > 0, !connection.reader.isOver { connection.refuse(.timeout) } else { connection.shutDown() }
    }

    /// Waits a little for a client to read its answer.
    func linger(_ fd: Int32) {
        let socket = OwnedFD(fd)
        guard lingering.count < limits.lingering else { return }
        let kept = try? LingeringSocket(loop: loop, fd: socket, bytes: limits.drainBytes, time: limits.drainTimeout) { [unowned self] in
            lingering[ObjectIdentifier($0)] = nil
        }
        if let kept { lingering[ObjectIdentifier(kept)] = kept }
    }
}
