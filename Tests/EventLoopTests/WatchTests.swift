import EventLoop
import Glibc
import Locking
import Testing

@Suite struct WatchTests {
    @Test func `a disabled watch leaves bytes where they are`() throws {
        let loop = try Loop(name: "fd")
        let pipe = try Pipe()
        var calls = 0
        let watch = try FDWatch(loop: loop, fd: pipe.read.number, events: .read) { events in
            #expect(events == .read)
            calls += 1
        }
        pipe.put()
        watch.disable()
        watch.disable()
        var turns = 0
        loop.afterEachTurn {
            turns += 1
            switch turns {
            case 5:
                #expect(calls == 0)
                watch.enable()
                watch.enable()
            case 8:
                #expect(calls == 3)
                loop.stop()
            default: break
            }
            return true
        }
        let timer = try LoopTimer(loop: loop) {}
        timer.schedule(after: .zero)
        loop.run()
    }

    @Test func `a handler may drop its own watch, and its own timer`() throws {
        final class Holder {
            var watch: FDWatch?
            var timer: LoopTimer?
        }
        let loop = try Loop(name: "drop")
        let pipe = try Pipe()
        let holder = Holder()
        var calls = 0
        holder.watch = try FDWatch(loop: loop, fd: pipe.read.number, events: .read) { [unowned holder] _ in
            calls += 1
            holder.watch = nil
        }
        holder.timer = try LoopTimer(loop: loop) { [unowned holder] in
            calls += 1
            holder.timer = nil
        }
        holder.timer?.schedule(after: .zero)
        pipe.put()
        var turns = 0
        loop.afterEachTurn {
            turns += 1
            if turns == 4 { loop.stop() }
            return true
        }
        loop.run()
        #expect(calls == 2)
    }

    @Test func `a timer runs once, at its last schedule, and not when cancelled`() throws {
        let loop = try Loop(name: "timers")
        var fired: [String] = []
        let moved = try LoopTimer(loop: loop) { fired.append("moved") }
        let cancelled = try LoopTimer(loop: loop) { fired.append("cancelled") }
        let at = try LoopTimer(loop: loop) { fired.append("at") }
        let last = try LoopTimer(loop: loop) {
            fired.append("last")
            loop.stop()
        }
        let began = Monotonic.current()
        moved.schedule(after: .milliseconds(1))
        moved.schedule(after: .milliseconds(40))
        cancelled.schedule(after: .milliseconds(5))
        cancelled.cancel()
        at.schedule(at: began + .milliseconds(20))
        last.schedule(after: .milliseconds(80))
        loop.run()
        #expect(fired == ["at", "moved", "last"])
        #expect(Monotonic.current() - began >= .milliseconds(60))  // libevent counts in the kernel's coarse time
    }

    @Test func `a child's exit is seen once, and the child is left to be reaped`() throws {
        let loop = try Loop(name: "child")
        var pid = pid_t()
        var arguments = unsafe [strdup("/bin/sh"), strdup("-c"), strdup("exit 7"), nil]
        defer { for index in 0..<3 { unsafe free(arguments[index]) } }
        #expect(unsafe posix_spawn(&pid, "/bin/sh", nil, nil, &arguments, nil) == 0)
        var calls = 0
        let watch = try ChildWatch(loop: loop, pid: pid) { calls += 1 }
        let timer = try LoopTimer(loop: loop) { loop.stop() }
        loop.afterEachTurn {
            if calls == 1 { timer.schedule(after: .milliseconds(20)) }
            return false
        }
        loop.run()
        #expect(calls == 1)
        withExtendedLifetime(watch) {}
        var status: Int32 = 0
        #expect(unsafe waitpid(pid, &status, 0) == pid && status == 7 << 8)
        #expect(throws: SystemError("pidfd_open", code: ESRCH)) { _ = try ChildWatch(loop: loop, pid: pid) {} }
    }

    @Test func `signals reach their loop`() async {
        await #expect(processExitsWith: .success) {
            let loop = try Loop(name: "signals")
            var seen = 0
            let watch = try SignalWatch(loop: loop, signal: SIGUSR1) {
                seen += 1
                if seen == 2 { loop.stop() } else { kill(getpid(), SIGUSR1) }
            }
            kill(getpid(), SIGUSR1)
            loop.run()
            withExtendedLifetime(watch) {}
            exit(seen == 2 ? 0 : 1)
        }
    }
}

@Suite struct SocketTests {
    @Test func `a port in use is found by the probe, also when it is shared`() throws {
        let first = try Socket.listen(host: "127.0.0.1", port: 0, reusePort: true)
        let port = try Socket.localPort(of: first.number)
        #expect(throws: SystemError("bind", code: EADDRINUSE)) { try Socket.probe(host: "127.0.0.1", port: port) }
        let second = try Socket.listen(host: "127.0.0.1", port: port, reusePort: true)
        #expect(try Socket.localPort(of: second.number) == port)
    }

    @Test func `a host that is none is explained`() {
        do {
            _ = try Socket.listen(host: "no such host.invalid", port: 0)
            Issue.record("listened")
        } catch {
            #expect(error.call == "getaddrinfo" && error.description.hasPrefix("getaddrinfo: ") && error.description.count > 20)
        }
    }

    @Test func `IPv6 and names work`() throws {
        for host in ["::1", "localhost"] {
            let socket = try Socket.listen(host: host, port: 0)
            #expect(try Socket.localPort(of: socket.number) > 0)
        }
    }

    @Test func `a send says how far it came, that there is no room, or that nobody listens`() throws {
        SignalWatch.ignoreBrokenPipes()
        var ends: [Int32] = [0, 0]
        #expect(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let bytes = [UInt8](repeating: 1, count: 100_000)
        var sent = 0
        while case .sent(let count) = unsafe Socket.send(ends[0], bytes.span.bytes) { sent += count }
        let full = unsafe Socket.send(ends[0], bytes.span.bytes)
        #expect(sent >= 1 && full == .again)
        // Not by `close` alone: a process that another test starts just now has the socket too.
        shutdown(ends[1], Int32(SHUT_RDWR))
        close(ends[1])
        let gone = unsafe Socket.send(ends[0], bytes.span.bytes)
        #expect(gone == .closed(EPIPE))
        close(ends[0])
    }

    @Test func `the soft limit of files is raised to the hard one, and the old one is told`() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 100, rlim_max: 500)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let raised = try FileLimit.raise()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            exit(raised.original == 100 && raised.current == 500 && limit.rlim_cur == 500 ? 0 : 1)
        }
    }

    @Test(
        arguments: [
            (.milliseconds(1), 1_000_000), (.seconds(-2), -2_000_000_000), (.nanoseconds(7), 7), (.seconds(Int64.max), .max), (.zero, 0),
        ] as [(Duration, Int64)])
    func `durations become nanoseconds`(duration: Duration, nanoseconds: Int64) {
        #expect(duration.nanoseconds == nanoseconds)
    }

    @Test func `moments do not wrap around`() {
        let moment = Monotonic(nanoseconds: 10)
        #expect((moment + .seconds(-1)).nanoseconds == 0 && (moment + .nanoseconds(5)).nanoseconds == 15)
        #expect((Monotonic(nanoseconds: .max) + .seconds(1)).nanoseconds == .max)
        #expect(moment - Monotonic(nanoseconds: 30) == .nanoseconds(-20))
    }

    @Test func `a histogram counts each duration in the bucket it fits in`() {
        let histogram = Histogram()
        histogram.observe(.microseconds(50))
        histogram.observe(.microseconds(51), times: 2)
        histogram.observe(.seconds(-1))
        histogram.observe(.seconds(60))
        let reading = histogram.reading
        #expect(reading.counts[0] == 2 && reading.counts[1] == 2 && reading.counts.last == 1 && reading.count == 5)
        #expect(reading.sum == 50_000 + 2 * 51_000 + 60_000_000_000)
    }
}
