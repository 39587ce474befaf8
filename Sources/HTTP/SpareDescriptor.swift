import CLibevent
import Glibc

/// A descriptor held back, to be given up when there is no other left to accept with.
@safe struct SpareDescriptor {
    private var fd: Int32 = -1

    /// Holds a descriptor.
    init() { reopen() }

    /// Gives the descriptor back.
    mutating func release() {
        if fd >= 0 { close(fd) }
        fd = -1
    }

    /// Accepts, refuses and closes those who wait in a backlog, one after the other.
    ///
    /// - Returns: how many there were; nil if not even the spare descriptor helped, because another thread has taken it.
    mutating func refuseWaiting(on listener: Int32, with page: [UInt8]) -> Int? {
        release()
        defer { reopen() }
        var refused = 0
        while refused < Self.refusalsAtOnce {
            let client = rs_accept(listener)
            guard client >= 0 else {
                let waits = errno != EAGAIN
                return waits && refused == 0 ? nil : refused
            }
            refuse(client, page)
            refused += 1
        }
        return refused
    }

    private func refuse(_ client: Int32, _ page: [UInt8]) {
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        unsafe _ = send(client, page, page.count, flags)
        // The request, which is usually there: closing a socket with unread bytes would reset it, and take the page along.
        var request = [UInt8](repeating: 0, count: 4096)
        unsafe _ = recv(client, &request, request.count, Int32(MSG_DONTWAIT))
        close(client)
    }

    private mutating func reopen() { unsafe fd = open("/dev/null", O_RDONLY | O_CLOEXEC) }

    /// So that one call never holds the loop up for long; the rest is seen in the next turn.
    private static let refusalsAtOnce = 64
}
