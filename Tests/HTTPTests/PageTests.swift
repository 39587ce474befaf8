import HTTP
import Locking
import Testing

struct PageTests {
    @Test func `a page that a viewer now gone had asked for is no answer to the next one`() throws {
        let log = TestLog(pageEvents: 2)
        log.append((1...20).map { "event \($0)" })
        log.forget(events: 10)
        let asked = Lock<[(offset: Int, observer: any StreamObserver)]>([])
        log.onPage.withLock { $0 = { _, offset, observer in asked.withLock { $0.append((offset, observer)) } } }
        let server = try streaming(log)
        do {
            let gone = try RawClient(port: server.port)
            gone.send(get)
            #expect(eventually { asked.withLock { $0.count } == 1 })
        }
        #expect(eventually { server.counters.streams.value == 0 })
        let client = try RawClient(port: server.port)
        client.send("GET /s?after=6 HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(eventually { asked.withLock { $0.count } == 2 })
        log.onPage.withLock { $0 = nil }
        for (offset, observer) in asked.withLock({ $0 }) { log.answer(offset, observer) }
        log.append(["last"], end: .done)
        #expect(client.receiveAll().hasSuffix("\r\n\r\n" + log.text(after: 6) + "0\r\n\r\n"))
    }
}
