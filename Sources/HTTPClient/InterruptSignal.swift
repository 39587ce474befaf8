import CCurl
import Glibc

/// A signal (Ctrl-C, say) as a descriptor that a wait can include, instead of a handler that runs at any time.
///
/// While it lives the signal is blocked in the thread that made it and in those started afterwards, so it has to be made before
/// the first transfer, whose resolver threads inherit the mask.
@safe package final class InterruptSignal {
    /// Readable once the signal has arrived.
    let descriptor: Int32
    private let signal: Int32

    /// - Throws: `HTTPError.library` if the kernel gives no descriptor.
    package init(_ signal: Int32) throws(HTTPError) {
        self.signal = signal
        descriptor = rs_signal_descriptor(signal)
        guard descriptor >= 0 else { throw .library("signalfd: \(unsafe String(cString: strerror(errno)))") }
    }

    deinit { rs_signal_descriptor_close(descriptor, signal) }
}

extension Duration {
    /// For poll(2) and libcurl: rounded up, so that nobody spins through the last millisecond; at most a day.
    var pollMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds < 86_400 else { return 86_400_000 }
        // A moment that has passed, perhaps long ago: the machine slept.
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
