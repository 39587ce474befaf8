import EventLoop
import Glibc
import HTTP
import Locking

/// A server on a loop of its own, which remembers what its handler saw.
final class TestServer: Sendable {
    let port: UInt16
    let counters: ServerCounters
    let seen: Lock<[String]>
    private let thread: LoopThread
    private let commands: Inbox<@Sendable (Server, ParkedReplies) -> Void>

    private struct Handle: Sendable {
        let port: UInt16
        let commands: Inbox<@Sendable (Server, ParkedReplies) -> Void>
    }

    typealias Handler = @Sendable (borrowing Request, consuming Reply, ParkedReplies) -> Void

    /// Starts on a free port, or joins another server's. `sendBuffer` is SO_SNDBUF, in bytes.
    init(
        limits: Limits = Limits(), sharing other: TestServer? = nil, sendBuffer: Int32? = nil,
        _ handler: @escaping Handler = TestServer.echo
    ) throws {
        SignalWatch.ignoreBrokenPipes()
        let counters = other?.counters ?? ServerCounters()
        let seen = Lock<[String]>([])
        let wanted = other?.port ?? 0
        let started = try LoopThread.start(name: "serving") { loop in
            let socket = try Socket.listen(host: "127.0.0.1", port: wanted, reusePort: true)
            let port = try Socket.localPort(of: socket.number)
            if var size = sendBuffer {
                unsafe setsockopt(socket.number, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            }
            let parked = ParkedReplies()
            let server = try Server(
                loop: loop, limits: limits, listenFD: socket, counters: counters,
                handler: { request, reply in
                    let line = "\(request.method.rawValue) \(request.path)"
                    seen.withLock { $0.append(line) }
                    handler(request, reply, parked)
                },
                refuse: { reason, _ in Response(status: reason.status, body: .bytes(Array("\(reason)".utf8))) })
            let commands = try Inbox<@Sendable (Server, ParkedReplies) -> Void>(loop: loop) { $0(server, parked) }
            return Handle(port: port, commands: commands)
        }
        thread = started.thread
        self.counters = counters
        self.seen = seen
        port = started.handle.port
        commands = started.handle.commands
    }

    /// Runs on the loop, later.
    func onLoop(_ command: @escaping @Sendable (Server, ParkedReplies) -> Void) { commands.post(command) }

    /// Runs on the loop and waits for what it returns.
    func asking<R: Sendable>(_ question: @escaping @Sendable (Server, ParkedReplies) -> R) -> R {
        let answer = Signal<R>()
        commands.post { server, parked in answer.put(question(server, parked)) }
        return answer.take()
    }

    func stop() {
        thread.stop()
        thread.join()
    }

    deinit { stop() }

    /// Answers with the method, path, query and body's length.
    static let echo: Handler = { request, reply, _ in
        let text = "\(request.method.rawValue) \(request.path) \(request.rawQuery ?? "-") \(request.bodyCount)"
        reply.send(Response(status: 200, headers: [("Content-Type", "text/plain")], body: .bytes(Array(text.utf8))))
    }
}

/// A value that one thread waits for; gives up after 10 s by ending the test process with a message.
final class Signal<Value: Sendable>: Sendable {
    private let values = Lock<[Value]>([])
    private let pipes: (read: Int32, write: Int32)

    init() {
        var ends: [Int32] = [0, 0]
        unsafe pipe(&ends)
        pipes = (ends[0], ends[1])
    }

    deinit {
        close(pipes.read)
        close(pipes.write)
    }

    func put(_ value: Value) {
        values.withLock { $0.append(value) }
        var byte: UInt8 = 1
        unsafe write(pipes.write, &byte, 1)
    }

    func take() -> Value {
        var poller = pollfd(fd: pipes.read, events: Int16(POLLIN), revents: 0)
        let ready = unsafe poll(&poller, 1, 10_000)
        precondition(ready == 1, "nothing was signalled within 10 s")
        var byte: UInt8 = 0
        unsafe read(pipes.read, &byte, 1)
        return values.withLock { $0.removeFirst() }
    }
}

/// Waits until something holds that is no event, at most 10 s.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2_000 {
        if condition() { return true }
        block(milliseconds: 5)
    }
    return condition()
}

/// A thread that runs what it is given, one after the other.
final class Worker: Sendable {
    private let thread: LoopThread?
    private let inbox: Inbox<@Sendable () -> Void>?

    init() {
        let started = try? LoopThread.start(name: "worker") { loop in try Inbox<@Sendable () -> Void>(loop: loop) { $0() } }
        thread = started?.thread
        inbox = started?.handle
    }

    func run(_ work: @escaping @Sendable () -> Void) { inbox?.post(work) }

    func stop() {
        thread?.stop()
        thread?.join()
    }
}
