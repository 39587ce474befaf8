import EventLoop

/// What other threads tell a loop's fan-out.
enum FanOutMessage: Sendable {
    case advanced(any StreamSource, posted: Monotonic)
    case pageArrived(any StreamSource, any StreamView, Int)
    case pageFailed(any StreamSource, Int)
}

/// The fan-out's address for sources: posts what they say to the loop.
final class FanOutMailbox: StreamObserver {
    private let inbox: Inbox<FanOutMessage>

    init(inbox: Inbox<FanOutMessage>) {
        self.inbox = inbox
    }

    func advanced(_ source: any StreamSource) { inbox.post(.advanced(source, posted: .current())) }

    func pageArrived(_ source: any StreamSource, _ page: any StreamView, at offset: Int) {
        inbox.post(.pageArrived(source, page, offset))
    }

    func pageFailed(_ source: any StreamSource, at offset: Int) { inbox.post(.pageFailed(source, offset)) }
}
