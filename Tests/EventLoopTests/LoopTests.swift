import EventLoop
import Testing

@Suite struct LoopTests {
    @Test func `a loop runs its hooks and stops`() throws {
        let loop = try Loop(name: "test")
        var turns = 0
        loop.afterEachTurn {
            turns += 1
            if turns == 3 { loop.stop() }
            return true
        }
        let timer = try LoopTimer(loop: loop) {}
        timer.schedule(after: .zero)
        loop.run()
        #expect(turns == 3)
    }
}
