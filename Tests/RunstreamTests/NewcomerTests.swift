import EventLoop
import Glibc
import Testing
import runstream

/// What a new user meets first.
@Suite struct NewcomerTests {
    private let known = ["serve", "submit", "status", "list", "help"]

    @Test("A mistyped command is not told as unexpected arguments", arguments: ["sumbit", "submti", "submt", "submits"])
    func mistypedCommand(word: String) {
        #expect(CommandName.complaint(word, known: known) == "Unknown command \"\(word)\". Did you mean \"submit\"?")
    }

    @Test("A word that is close to no command gets no odd advice")
    func strangeCommand() {
        #expect(CommandName.complaint("analyse\u{1B}", known: known) == "Unknown command \"analyse\\x1b\".")
        #expect(CommandName.complaint("submit", known: known) == nil)
        #expect(CommandName.complaint("--version", known: known) == nil)
    }

    @Test("Characters are not shown as escapes, and what a terminal obeys is not shown as itself")
    func readable() {
        let cases = [
            (#"["\u4f60\u597d"]"#, #"["你好"]"#),
            (#"{"\u00e9": "\ud83c\udfc1!"}"#, #"{"é": "🏁!"}"#),
            (#""\u001b[2J\u009b\u202e\u2028""#, #""\u001b[2J\u009b\u202e\u2028""#),
            (#""\\u4f60 \ud83c \n \u0041""#, #""\\u4f60 \ud83c \n \u0041""#),
        ]
        for (sent, shown) in cases { #expect(JSONTree(sent)?.readable.compact == shown) }
    }

    @Test("An address that this machine doesn't have is not blamed on another server")
    func listenAdvice() {
        #expect(ListenAdvice.text(SystemError("bind", code: EADDRNOTAVAIL)).contains("--host"))
        #expect(ListenAdvice.text(SystemError("getaddrinfo", code: 0)).contains("--host"))
        #expect(ListenAdvice.text(SystemError("bind", code: EADDRINUSE)).contains("another server"))
    }
}
