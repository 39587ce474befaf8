import EventLoop
import Glibc
import Locking
import Testing

@Suite struct LoopTests {
    @Test func `a hook with work left keeps the loop from sleeping, and lets I-O in between`() throws {
        let loop = try Loop(name: "test")
        let pipe = try Pipe()
        var order: [String] = []
        let watch = try FDWatch(loop: loop, fd: pipe.read.number, events: .read) { _ in
            order.append("io")
            pipe.get()
        }
        loop.keep(watch)
        var slices = 0
        loop.afterEachTurn {
            slices += 1
            order.append("slice")
            if slices == 2 { pipe.put() }
            if slices == 5 { loop.stop() }
            return true
        }
        let timer = try LoopTimer(loop: loop) {}
        timer.schedule(after: .zero)
        loop.run()
        #expect(order == ["slice", "slice", "io", "slice", "slice", "slice"])
    }

    @Test func `now stands still within a turn and moves on with the next`() throws {
        let loop = try Loop(name: "test")
        var times: [Monotonic] = []
        let timer = try LoopTimer(loop: loop) {
            times.append(loop.now)
            block(milliseconds: 2)
            times.append(loop.now)
        }
        loop.afterEachTurn {
            if times.count == 4 { loop.stop() } else if times.count == 2 { timer.schedule(after: .zero) }
            return false
        }
        timer.schedule(after: .zero)
        loop.run()
        #expect(times[0] == times[1] && times[2] == times[3] && times[2] - times[0] >= .milliseconds(2))
    }

    @Test func `endings run in reverse, before what the loop kept is gone`() throws {
        final class Kept {
            let gone: () -> Void
            init(_ gone: @escaping () -> Void) { self.gone = gone }
            deinit { gone() }
        }
        let loop = try Loop(name: "test")
        var order: [String] = []
        loop.keep(Kept { order.append("kept") })
        loop.atEnd { order.append("first") }
        loop.atEnd { order.append("last") }
        loop.afterEachTurn {
            loop.stop()
            return true
        }
        let timer = try LoopTimer(loop: loop) {}
        timer.schedule(after: .zero)
        loop.run()
        #expect(order == ["last", "first", "kept"])
    }

    @Test func `a loop is reached by another thread only to the test's end`() async {
        await #expect(processExitsWith: .failure) {
            let started = try LoopThread.start(name: "own") { loop in Leak(loop: loop) }
            started.handle.loop.stop()
        }
    }

    @Test func `what setUp throws comes out, and the thread is gone`() throws {
        #expect(throws: SystemError("made up", code: 1)) {
            _ = try LoopThread.start(name: "failing") { loop in
                loop.keep(try LoopTimer(loop: loop) {})
                throw SystemError("made up", code: 1)
            }
        }
    }

    @Test func `the lag of a loop that is held up shows in its histogram`() throws {
        let lag = Histogram()
        let started = try LoopThread.start(name: "held", lag: lag) { loop in
            loop.keep(try LoopLag(loop: loop, interval: .milliseconds(5)))
            let timer = try LoopTimer(loop: loop) { block(milliseconds: 120) }
            timer.schedule(after: .milliseconds(20))
            loop.keep(timer)
        }
        #expect(eventually { lag.reading.sum > 80_000_000 })
        started.thread.stop()
        started.thread.join()
    }
}

/// Carries a loop to where it must not go.
struct Leak: @unchecked Sendable {
    // Sendable: it is not; the test shows that the loop notices.
    let loop: Loop
}

/// A pipe that closes itself.
final class Pipe {
    let read: OwnedFD
    let write: OwnedFD

    init() throws {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SystemError("pipe") }
        read = OwnedFD(ends[0])
        write = OwnedFD(ends[1])
    }

    func put() {
        var byte: UInt8 = 1
        unsafe Glibc.write(write.number, &byte, 1)
    }

    func get() {
        var byte: UInt8 = 0
        unsafe Glibc.read(read.number, &byte, 1)
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
