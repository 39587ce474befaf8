import Dispatch
import EventLoop
import Glibc
import Testing

struct WatchdogTests {
    @Test func `a loop that does not turn is found once, and once more when it turns again`() throws {
        let entered = DispatchSemaphore(value: 0)
        let leave = DispatchSemaphore(value: 0)
        let (thread, pulse) = try LoopThread.start(name: "busy") { loop in
            let inbox = try Inbox<Void>(loop: loop) { _ in
                entered.signal()
                leave.wait()
            }
            loop.keep(try LoopLag(loop: loop))
            inbox.post(())
            return loop.pulse
        }
        entered.wait()
        let began = try #require(pulse.last)
        // Between its signal and its wait the thread computes.
        while !pulse.description.hasSuffix("waiting for a lock or a call") { sched_yield() }
        var watchdog = Watchdog([pulse], limit: .seconds(10))
        #expect(watchdog.look(now: began + .seconds(9)) == [])
        #expect(watchdog.stuckLoop == nil)
        let findings = watchdog.look(now: began + .seconds(11))
        #expect(findings == [.stuck(loop: "busy", seconds: 11, at: "a pipe or socket, waiting for a lock or a call")])
        #expect(watchdog.stuckLoop == "busy")
        #expect(watchdog.look(now: began + .seconds(12)) == [])
        leave.signal()
        while pulse.last == began { sched_yield() }
        let later = try #require(pulse.last)
        #expect(watchdog.look(now: later + .seconds(1)) == [.turning(loop: "busy")])
        #expect(watchdog.stuckLoop == nil)
        thread.stop()
        thread.join()
    }
}
