import Glibc

/// Something that has happened once; waiting for it needs no sleep.
package final class Signal: Sendable {
    private let reader: Int32
    private let writer: Int32

    package init() {
        var ends: [Int32] = [-1, -1]
        let code = unsafe pipe(&ends)
        precondition(code == 0, "pipe: \(errno)")
        (reader, writer) = (ends[0], ends[1])
    }

    deinit {
        close(reader)
        close(writer)
    }

    package func raise() {
        unsafe write(writer, "!", 1)
    }

    /// - Returns: whether it came within the time.
    package func wait(seconds: Int32 = 20) -> Bool {
        var entry = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, seconds * 1000) == 1
    }
}
