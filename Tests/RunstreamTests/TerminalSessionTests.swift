import ClientTestSupport
import Testing

/// The built command on a terminal of its own, and under Ctrl-C.
struct TerminalSessionTests {
    @Test(arguments: [false, true])
    func `Ctrl-C leaves the run alone and says how to come back`(onTerminal: Bool) throws {
        let server = ScriptedServer([[.streamHead, Scene.event(7, Scene.log("seen")), .holdUntilClosed]])
        let child = try ChildProcess(["stream", "run_1", "--api-url", server.url], columns: onTerminal ? 80 : nil)
        #expect(child.awaitOutput("seen"))
        child.interrupt()
        let ending = child.wait()
        #expect(ending.status == 130)
        #expect((onTerminal ? ending.output : ending.error).contains("runstream stream run_1 --last-event-id 7 --api-url \(server.url)"))
        #expect(server.requests.count == 1, "nothing is cancelled")
    }

    @Test func `Ctrl-C ends a wait for the next attempt at once`() throws {
        let server = ScriptedServer([[.streamHead, .chunk("retry: 60000\n"), Scene.event(7, Scene.log("seen")), .lastChunk]])
        let child = try ChildProcess(["stream", "run_1", "--api-url", server.url], columns: 80)
        #expect(child.awaitOutput("resuming after event 7"))
        let start = ContinuousClock.now
        child.interrupt()
        #expect(child.wait().status == 130)
        #expect(start.duration(to: .now) < .seconds(20))
    }

    @Test func `a terminal gets a bar that is drawn over, coloured lines, and no stray controls`() throws {
        let server = ScriptedServer([
            [
                .streamHead, Scene.event(1, #"{"event": "progress", "data": {"percentage": 50, "current_step": "Sums"}}"#),
                Scene.event(2, #"{"event": "log", "data": {"message": "w\u0007", "stream": "stderr"}}"#),
            ] + Scene.end("succeeded")
        ])
        let ending = try ChildProcess(["stream", "run_1", "--api-url", server.url], columns: 40).wait()
        #expect(ending.status == 0)
        #expect(ending.output.hasSuffix("\u{1B}[32m✓ Run succeeded\u{1B}[0m\r\n"))
        #expect(ending.output.contains("\u{1B}[2mw\\x07\u{1B}[0m\r\n"))
        #expect(!ending.output.contains("Progress:"))
    }

    @Test func `the bar stands on the last line while the run goes on`() throws {
        let server = ScriptedServer([
            [.streamHead, Scene.event(1, #"{"event": "progress", "data": {"percentage": 50, "current_step": "Sums"}}"#), .holdUntilClosed]
        ])
        let child = try ChildProcess(
            ["stream", "run_1", "--api-url", server.url], environment: ["LANG": "C", "NO_COLOR": "1"], columns: 40)
        #expect(child.awaitOutput("[######.......]  50% Sums"))
        child.interrupt()
        #expect(child.wait().output.contains("[######.......]  50% Sums\r\u{1B}[KDetached"))
    }

    @Test func `JSON on a terminal cannot steer it, and is otherwise to the byte`() throws {
        let server = ScriptedServer([
            [.streamHead, Scene.event(1, "{\"event\": \"x\", \"data\": \"\u{9B}2J\"}")] + Scene.end("succeeded")
        ])
        let ending = try ChildProcess(["stream", "run_1", "--json", "--api-url", server.url], columns: 80).wait()
        #expect(ending.output.hasPrefix(#"{"id": 1, "event": "x", "data": "\u009b2J"}"# + "\r\n"))
    }
}
