import Glibc

/// A file descriptor that is closed exactly once: when its owner is done with it.
@safe package struct OwnedFD: ~Copyable, Sendable {
    /// The descriptor; valid for as long as this value lives.
    package let number: Int32

    /// Takes over an open descriptor, which nobody else may close from now on.
    package init(_ fd: Int32) {
        precondition(fd >= 0, "not a descriptor: \(fd)")
        number = fd
    }

    /// Gives the descriptor to the caller, who closes it.
    package consuming func release() -> Int32 {
        let fd = number
        discard self
        return fd
    }

    deinit { close(number) }
}
