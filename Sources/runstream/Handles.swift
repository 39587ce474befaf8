import API
import EventLoop
import Glibc
import HTTP
import Jobs
import Logging
import Runners

/// The control loop's end for other threads. What it does to the executor it does on that loop, by message.
final class ControlHandle: Sendable {
    private enum Message: Sendable {
        case recover([Job])
        case drain
        case hurry
    }

    let mailbox: ExecutorMailbox
    let statistics: ExecutorStatistics
    /// What has become of the loop.
    let pulse: LoopPulse
    private let inbox: Inbox<Message>

    /// On the control loop.
    ///
    /// - Parameters:
    ///   - loop: the control loop.
    ///   - events: is told of the end of the drain.
    ///   - make: makes the executor.
    /// - Throws: `SystemError`, and what `make` throws.
    init(loop: Loop, events: Mailbox<ControlEvent>, _ make: () throws -> Executor) throws {
        let executor = try make()
        mailbox = executor.mailbox
        statistics = executor.statistics
        pulse = loop.pulse
        inbox = try Inbox(loop: loop) { message in
            switch message {
            case .recover(let jobs):
                do { try executor.recover(jobs) } catch { events.put(.failed("\(error)")) }
            case .drain: executor.drain { events.put(.drained) }
            case .hurry: executor.hurry { events.put(.drained) }
            }
        }
        loop.keep(executor)
        loop.keep(try LoopLag(loop: loop))
    }

    func recover(_ jobs: [Job]) { inbox.post(.recover(jobs)) }
    func drain() { inbox.post(.drain) }
    func hurry() { inbox.post(.hurry) }
}

enum ControlEvent: Sendable {
    case signal
    case drained
    case failed(String)
    case streamsClosed
}

/// A serving loop's end for the thread that shuts down.
final class ServingHandle: Sendable {
    private enum Message: Sendable {
        case close(Duration, Mailbox<ControlEvent>)
    }

    /// What has become of the loop.
    let pulse: LoopPulse
    private let inbox: Inbox<Message>

    /// On the serving loop.
    init(loop: Loop, server: Server) throws {
        pulse = loop.pulse
        inbox = try Inbox(loop: loop) { message in
            switch message {
            case .close(let duration, let events):
                server.stopAccepting()
                server.closeConnectionsWhenIdle()
                server.closeStreams(over: duration) { events.put(.streamsClosed) }
            }
        }
        loop.keep(try LoopLag(loop: loop))
    }

    /// Lets nobody else in and ends the streams, spread over `duration`; then `events` gets `.streamsClosed`.
    func close(over duration: Duration, events: Mailbox<ControlEvent>) { inbox.post(.close(duration, events)) }
}
