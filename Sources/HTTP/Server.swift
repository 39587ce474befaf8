import CLibevent
import EventLoop
import Glibc

/// HTTP on one loop: evhttp listens, accepts, parses and answers; what it must not let through is refused here.
///
/// Confined to its loop. Kept alive by the loop until that stops.
@safe package final class Server {
    /// Answers a request, at once or by parking the reply.
    package typealias Handler = (borrowing Request, consuming Reply) -> Void

    package let loop: Loop
    package let limits: Limits
    package let counters: ServerCounters
    package let fanOut: FanOut

    /// For an access log: method, path without its query (which may hold a token), status, and the time from the whole request to
    /// the answer. Called once per answer when set.
    package var onAnswered: ((Method, String, Int, Duration) -> Void)?

    /// Set while the server is on its way out: each answer then closes its connection.
    package private(set) var isDraining = false

    /// For the answers' `Date`.
    var date = DateHeader()

    /// The connection whose input changed last: inside evhttp's request callback, the one that the request came on.
    var current: Connection?

    let refuse: (RefusalReason, RefusedHead) -> Response
    private let handler: Handler
    private let http: OpaquePointer
    private var listenFD: OwnedFD?
    private var bound: OpaquePointer?
    private var connections: [Connection] = []
    private var newborn: [Connection] = []
    private var undrained: [Connection] = []
    private var unwritten: [Connection] = []
    private var advancing: [Connection] = []
    private var refused: [(connection: Connection, page: [UInt8])] = []
    private var refusable: [(connection: Connection, page: [UInt8])] = []
    var lingering: [ObjectIdentifier: LingeringSocket] = [:]
    private var leaving: [(connection: Connection, opening: StreamOpening)] = []
    private var detachable: [(connection: Connection, opening: StreamOpening)] = []
    var requestMemory: RequestMemory
    private var requests: DeadlineQueue?
    private var reserve: DeadlineQueue?
    private var spare = SpareDescriptor()
    private let null: OwnedFD
    private var acceptAgain: LoopTimer?

    /// Starts to accept on a listening socket, which other servers on other loops may share a port with.
    ///
    /// - Parameters:
    ///   - loop: on it, or before it runs.
    ///   - limits: the bounds, of which connections and streams hold for all loops together.
    ///   - listenFD: from `Socket.listen`.
    ///   - counters: shared by the servers of all loops, whose bounds are common.
    ///   - handler: answers each request that passed the checks.
    ///   - refuse: renders what is refused before it reaches the handler.
    /// - Throws: a call of libevent, or `open`, when the process is out of memory or descriptors.
    package init(
        loop: Loop, limits: Limits, listenFD: consuming OwnedFD, counters: ServerCounters, handler: @escaping Handler,
        refuse: @escaping (RefusalReason, RefusedHead) -> Response
    ) throws(SystemError) {
        loop.assertOnLoop()
        guard let http = unsafe evhttp_new(loop.base) else { throw SystemError("evhttp_new", code: 0) }
        self.loop = loop
        self.limits = limits
        self.counters = counters
        self.handler = handler
        self.refuse = refuse
        let null = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw SystemError("open") }
        self.null = OwnedFD(null)
        fanOut = try FanOut(loop: loop, limits: limits, counters: counters)
        requestMemory = RequestMemory(limit: limits.requestBufferBytes)
        unsafe self.http = http
        self.listenFD = consume listenFD
        requests = try DeadlineQueue(loop: loop, timeout: limits.requestTimeout) { [unowned self] in expire($0) }
        reserve = try DeadlineQueue(loop: loop, timeout: limits.reserveTimeout) { [unowned self] in expire($0) }
        acceptAgain = try LoopTimer(loop: loop) { [unowned self] in enableListener() }
        configure()
        try listen()
        loop.afterEachTurn { [self] in turn() }
        loop.atEnd { [self] in end() }
    }

    /// Closes every connection, with the loop. Not in `deinit`, since the connections speak with the server on their way out.
    private func end() {
        adoptNewborn()
        stopAccepting()
        fanOut.closeAll()
        lingering.removeAll()
        unsafe evhttp_free(http)
        current = nil
        spare.release()
    }

    private func configure() {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe evhttp_set_allowed_methods(http, Method.allowed)
        unsafe evhttp_set_default_content_type(http, nil)
        // Ours are checked before evhttp sees a byte: these are never reached.
        unsafe evhttp_set_max_headers_size(http, limits.maxHeaderBytes + Self.readAheadBytes)
        unsafe evhttp_set_max_body_size(http, limits.maxBodyBytes + Self.readAheadBytes)
        unsafe evhttp_set_flags(http, Int32(EVHTTP_SERVER_LINGERING_CLOSE))
        // All zero would mean evhttp's default.
        let microseconds = max(1, limits.idleTimeout.nanoseconds / 1000)
        var idle = timeval(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
        unsafe evhttp_set_timeout_tv(http, &idle)
        unsafe evhttp_set_bevcb(
            http,
            { base, context in
                guard let context = unsafe context else { return nil }
                return unsafe Unmanaged<Server>.fromOpaque(context).takeUnretainedValue().makeBufferEvent(base)
            }, me)
        unsafe evhttp_set_gencb(
            http,
            { request, context in
                guard let request = unsafe request, let context = unsafe context else { return }
                unsafe Unmanaged<Server>.fromOpaque(context).takeUnretainedValue().serve(request)
            }, me)
    }

    // MARK: Accepting

    private func listen() throws(SystemError) {
        guard let fd = listenFD?.number, let bound = unsafe rs_evhttp_listen(http, loop.base, fd) else {
            throw SystemError("evconnlistener_new", code: 0)
        }
        unsafe self.bound = bound
    }

    /// Lets nobody else in; who is in stays.
    package func stopAccepting() {
        loop.assertOnLoop()
        guard let bound = unsafe bound else { return }
        unsafe self.bound = nil
        unsafe evhttp_del_accept_socket(http, bound)
        acceptAgain?.cancel()
        listenFD = nil
    }

    /// evhttp has accepted a connection.
    private func makeBufferEvent(_ base: OpaquePointer?) -> OpaquePointer? {
        // Without BEV_OPT_CLOSE_ON_FREE: evhttp then closes the socket itself, after a shutdown that would otherwise hit a number
        // that another thread may already have got.
        guard let bufferEvent = unsafe bufferevent_socket_new(base, -1, 0) else { return nil }
        let high = limits.maxBodyBytes + limits.maxHeaderBytes + Self.readAheadBytes
        // Below the low mark evhttp isn't called: `Connection.advance` calls it when a request is whole.
        unsafe bufferevent_setwatermark(bufferEvent, Int16(EV_READ), Int.max, high)
        counters.connectionsAccepted.add()
        let open = counters.connections.add(1)
        let connection = unsafe Connection(server: self, bufferEvent: bufferEvent, isReserve: open > limits.maxConnections)
        connection.watchInput()
        newborn.append(connection)
        return unsafe bufferEvent
    }

    /// What evhttp may have read beyond a request: its reads are of 4,096 bytes.
    private static let readAheadBytes = 64 << 10

    private func turn() -> Bool {
        adoptNewborn()
        for connection in advancing { connection.advance() }
        advancing.removeAll(keepingCapacity: true)
        for connection in undrained { connection.drainInput() }
        undrained.removeAll(keepingCapacity: true)
        for connection in requestMemory.takeOverfull() where requestMemory.isOverfull { cutOff(connection) }
        // Left by the listener's error callback, which cannot know us.
        if rs_take_accept_error() != 0 { acceptFailed() }
        for connection in unwritten { connection.write() }
        unwritten.removeAll(keepingCapacity: true)
        let isDetaching = detach()
        return fanOut.slice() || isDetaching
    }

    /// Takes a connection's socket away from evhttp at the end of the next turn.
    ///
    /// Only then has the kernel heard that evhttp has stopped reading: changes of what is watched are gathered until the loop waits
    /// (`Loop`), and a socket that is still watched when its descriptor is replaced would go on being so behind the duplicate, with no
    /// way to end it.
    func detachLater(_ connection: Connection, _ opening: StreamOpening) {
        leaving.append((connection, opening))
    }

    /// - Returns: whether there are more, for whom the next turn must not wait.
    private func detach() -> Bool {
        for (connection, opening) in detachable { connection.streamDetached(opening) }
        detachable.removeAll(keepingCapacity: true)
        swap(&detachable, &leaving)
        for (connection, page) in refusable { connection.sendRefusal(page) }
        refusable.removeAll(keepingCapacity: true)
        swap(&refusable, &refused)
        return !detachable.isEmpty || !refusable.isEmpty
    }

    private func adoptNewborn() {
        guard !newborn.isEmpty else { return }
        let all = newborn
        newborn.removeAll(keepingCapacity: true)
        for connection in all {
            guard connection.adopt() else {
                counters.connections.add(-1)
                continue
            }
            connection.index = connections.count
            connections.append(connection)
            guard connection.isReserve else { continue }
            counters.connectionsRefused.add()
            reserve?.add(connection)
            if counters.connections.value > limits.maxConnections + limits.reserveConnections { connection.close() }
        }
    }

    /// Out of descriptors: whoever waits in the backlog is let in through the spare one, told 503 and closed. Left there they would
    /// make the listener readable for ever.
    private func acceptFailed() {
        guard let fd = listenFD?.number else { return }
        guard let refused = spare.refuseWaiting(on: fd, with: refuse(.tooManyConnections, RefusedHead()).page) else {
            return acceptAgain?.schedule(after: limits.acceptPause) ?? ()
        }
        counters.connectionsRefused.add(UInt64(refused))
        enableListener()
    }

    private func enableListener() {
        guard let bound = unsafe bound else { return }
        unsafe evconnlistener_enable(evhttp_bound_socket_get_listener(bound))
    }

    /// Puts `/dev/null` where a socket was.
    func coverWithNull(_ fd: Int32) -> Bool { rs_dup3(null.number, fd, O_CLOEXEC) == fd }

    // MARK: Draining

    /// From now on each answer closes its connection, and connections without a request are closed.
    package func closeConnectionsWhenIdle() {
        loop.assertOnLoop()
        isDraining = true
        for connection in connections { connection.closeWhenIdle() }
    }

    /// Ends this loop's streams one by one, each cleanly, spread over a time so that not everybody comes back at once.
    ///
    /// `done` is called on the loop when none is left; those that do not end within the time and `Limits.drainTimeout` are closed.
    package func closeStreams(over duration: Duration, done: @escaping () -> Void) {
        loop.assertOnLoop()
        fanOut.end(over: duration, done: done)
    }

    // MARK: Requests

    private func serve(_ raw: UnsafeMutablePointer<evhttp_request>) {
        loop.note("an HTTP request")
        guard let connection = current else { return }
        leaveQueue(connection)
        if let refusal = unsafe connection.begin(raw) {
            if case .malformed = refusal { counters.requestsRefused.add() }
            return connection.answer(refuse(refusal, RefusedHead(unsafe Request(raw))))
        }
        let request = unsafe Request(raw, bodyIsTooLarge: connection.isBodyTooLarge)
        handler(request, Reply(to: connection))
    }

    /// The first byte of a request has come.
    func expectRequest(_ connection: Connection) {
        (connection.isReserve ? reserve : requests)?.add(connection)
    }

    func leaveQueue(_ connection: Connection) {
        (connection.isReserve ? reserve : requests)?.remove(connection)
    }

    /// At the end of a turn, when a request that came whole no longer waits: who holds nothing is not to blame.
    private func cutOff(_ connection: Connection) {
        guard connection.isReadingRequest else { return }
        counters.requestsCutOff.add()
        connection.close()
    }

    func advanceLater(_ connection: Connection) { advancing.append(connection) }
    /// Like `detachLater`, for a connection that leaves evhttp with a refusal.
    func refuseLater(_ connection: Connection, _ page: [UInt8]) { refused.append((connection, page)) }

    func writeLater(_ connection: Connection) { unwritten.append(connection) }
    func drainLater(_ connection: Connection) { undrained.append(connection) }

    /// A connection is closing.
    func forget(_ connection: Connection) {
        leaveQueue(connection)
        counters.connections.add(-1)
        let last = connections.count - 1
        connections[last].index = connection.index
        connections.swapAt(connection.index, last)
        connections.removeLast()
    }
}
