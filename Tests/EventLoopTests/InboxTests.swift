import EventLoop
import Glibc
import Locking
import Testing

@Suite struct InboxTests {
    @Test func `messages of many threads all arrive, each thread's in order`() throws {
        let received = Lock<[[Int]]>(Array(repeating: [], count: 4))
        let started = try LoopThread.start(name: "inbox") { loop in
            try Inbox<(thread: Int, number: Int)>(loop: loop) { message in received.withLock { $0[message.thread].append(message.number) } }
        }
        let inbox = started.handle
        let senders = try (0..<4).map { sender in
            try LoopThread.start(name: "sender") { loop in
                for number in 0..<5_000 { inbox.post((sender, number)) }
                return 0
            }.thread
        }
        #expect(eventually { received.withLock { $0.allSatisfy { $0.count == 5_000 } } })
        for sender in 0..<4 { #expect(received.withLock { $0[sender] } == Array(0..<5_000)) }
        for thread in senders + [started.thread] {
            thread.stop()
            thread.join()
        }
    }

    @Test func `a full inbox refuses, and takes again when it was emptied`() throws {
        let received = Lock<[Int]>([])
        let loop = try Loop(name: "full")
        let inbox = try Inbox<Int>(loop: loop, limit: 2) { message in received.withLock { $0.append(message) } }
        #expect(inbox.post(1) && inbox.post(2) && !inbox.post(3))
        var turns = 0
        loop.afterEachTurn {
            turns += 1
            if turns == 1 { #expect(inbox.post(4)) }
            if turns == 2 { loop.stop() }
            return true
        }
        loop.run()
        #expect(received.withLock { $0 } == [1, 2, 4])
    }

    @Test func `a message posted by a handler is handled in a later turn`() throws {
        let loop = try Loop(name: "again")
        let count = Lock(0)
        let box = Lock<Inbox<Int>?>(nil)
        let inbox = try Inbox<Int>(loop: loop) { message in
            count.withLock { $0 += 1 }
            if message < 10 { box.withLock { $0 }?.post(message + 1) }
        }
        box.withLock { $0 = inbox }
        loop.afterEachTurn {
            if count.withLock({ $0 }) == 10 { loop.stop() }
            return false
        }
        inbox.post(1)
        loop.run()
        #expect(count.withLock { $0 } == 10)
        box.withLock { $0 = nil }
    }
}
