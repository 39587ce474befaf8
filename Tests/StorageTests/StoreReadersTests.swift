import Dispatch
import Jobs
import Storage
import Testing

@Suite struct StoreReadersTests {
    /// A run that has ended and is not in memory, in a store of its own; about 1 MiB of log.
    private func finished(_ store: TestStore) throws -> JobID {
        let bench = Bench(store.inner, try TemporaryDirectory())
        let job = try bench.create(bench.job(1))
        try bench.start(job)
        for _ in 0..<100 {
            bench.log(job, 10, bytes: 1_000)
            try bench.commit(job)
        }
        try bench.finish(job, .succeeded(JobResult(json: Array("7".utf8))))
        return job.id
    }

    @Test func `a finished run is found in the store and stays in the registry`() throws {
        let store = TestStore()
        let id = try finished(store)
        let service = try Service(store)
        service.readers.loadJob(id, waiter: service.answers.waiter())
        guard case .job(let found?) = try service.answers.next().answer else { throw Answers.Unexpected() }
        #expect(found.published.snapshot.status == .succeeded && service.registry.find(id) === found)
        service.readers.loadJob(id, waiter: service.answers.waiter())
        #expect(service.answers.count == 1)
        service.readers.loadJob(JobID(bits: 99), waiter: service.answers.waiter())
        _ = try service.answers.next()
        guard case .job(nil) = try service.answers.next().answer else { throw Answers.Unexpected() }
    }

    @Test func `results and lists are read`() throws {
        let store = TestStore()
        let id = try finished(store)
        let service = try Service(store)
        service.readers.result(id, waiter: service.answers.waiter())
        guard case .result(JobResult(json: Array("7".utf8))) = try service.answers.next().answer else { throw Answers.Unexpected() }
        service.readers.list(JobFilter(status: .succeeded, page: 1, pageSize: 1), waiter: service.answers.waiter())
        guard case .page(let page) = try service.answers.next().answer else { throw Answers.Unexpected() }
        #expect(page.jobs.map(\.spec.id) == [id] && page.total == 1)
    }

    @Test func `a list is not ahead of what is published`() throws {
        let service = try Service()
        service.store.hold()
        service.writer.submit(service.job(1), key: nil, waiter: service.answers.waiter(1))
        try #require(service.store.awaitEntry())
        service.readers.list(JobFilter(), waiter: service.answers.waiter(2))
        // Time for a reader that does not wait to answer too early.
        _ = DispatchSemaphore(value: 0).wait(timeout: .now() + 0.1)
        #expect(service.answers.count == 0)
        service.store.release()
        #expect(try service.answers.next().ticket == 1)
        #expect(try service.answers.next().ticket == 2)
    }

    @Test func `a run that the writer is about to announce is the writer's own object`() throws {
        let service = try Service()
        let job = service.job(1)
        // As if the commit were done and its publication not: the run is in the store and not in the registry.
        let commit = try #require(job.takeCommit())
        var batch = WriteBatch(retainLogBytes: .max)
        batch.submits = [Submission(spec: job.spec, work: JobWork(prompt: "p"), key: nil, commit: commit, mayEnter: true)]
        _ = try service.store.write(batch)
        service.store.hold()
        service.readers.loadJob(job.id, waiter: service.answers.waiter())
        // It looks, finds it not announced, and looks again.
        service.store.awaitEntry()
        service.store.pass()
        try #require(service.store.awaitEntry())
        #expect(service.registry.insert(job) === job)
        service.store.release()
        guard case .job(let found?) = try service.answers.next().answer else { throw Answers.Unexpected() }
        #expect(found === job)
    }

    @Test func `a run that was deleted meanwhile does not come back`() throws {
        let store = TestStore()
        let id = try finished(store)
        let service = try Service(store)
        store.hold()
        service.readers.loadJob(id, waiter: service.answers.waiter())
        store.awaitEntry()
        service.registry.remove(id)
        store.release()
        guard case .job(nil) = try service.answers.next().answer else { throw Answers.Unexpected() }
        #expect(service.registry.find(id) == nil)
    }

    @Test func `page after page gives the whole log, and a second viewer reads nothing again`() throws {
        let store = TestStore()
        let id = try finished(store)
        let service = try Service(store)
        let whole = try #require(try store.inner.read(id, from: .offset(0), maxBytes: .max)).bytes
        var reads: [Int] = []
        // The second begins somewhere in the middle of a page.
        for start in [0, 100_000] {
            var offset = start
            var seen: [UInt8] = []
            while offset < whole.count {
                service.readers.frames(id, from: .offset(offset), observer: service.answers)
                let page = try #require(try service.answers.nextPage())
                unsafe page.withBytes(at: offset) { unsafe seen += Array($0) }
                offset = page.head
            }
            #expect(seen[...] == whole[start...])
            reads.append(store.reads)
        }
        #expect(reads == [whole.count / (256 << 10) + 1, reads[0]])
        service.readers.frames(id, from: .sequence(500), observer: service.answers)
        let page = try #require(try service.answers.nextPage())
        #expect(page.locate(after: 500).offset < page.head && store.reads == reads[0])
        service.readers.frames(id, from: .offset(whole.count), observer: service.answers)
        #expect(try service.answers.nextPage() == nil)
    }

    @Test func `viewers that began in different places come to share pages`() throws {
        let store = TestStore()
        let id = try finished(store)
        var limits = Service.quickLimits
        limits.pageBytes = 64 << 10
        let service = try Service(store, limits: limits)
        let end = try #require(try store.job(id)).head.end.offset
        for sequence in stride(from: UInt64(1), to: 200, by: 20) {
            service.readers.frames(id, from: .sequence(sequence), observer: service.answers)
            var page = try #require(try service.answers.nextPage())
            while page.head < end {
                service.readers.frames(id, from: .offset(page.head), observer: service.answers)
                page = try #require(try service.answers.nextPage())
            }
        }
        #expect(store.reads < end / limits.pageBytes + 20)
    }

    @Test func `one read serves all who wait for it, and nobody gets one that began before he asked`() throws {
        let store = TestStore()
        let id = try finished(store)
        var limits = Service.quickLimits
        limits.readers = 1
        let service = try Service(store, limits: limits)
        store.hold()
        service.readers.frames(id, from: .offset(0), observer: service.answers)
        store.awaitEntry()
        for _ in 0..<10 { service.readers.frames(id, from: .offset(600_000), observer: service.answers) }
        for _ in 0..<10 { service.readers.frames(id, from: .offset(1), observer: service.answers) }
        for _ in 0..<10 { service.readers.loadJob(JobID(bits: 5), waiter: service.answers.waiter()) }
        #expect(service.readers.waiting == 30)
        store.release()
        for _ in 0..<21 { #expect(try service.answers.nextPage() != nil) }
        // The second ten found the first one's page in the cache.
        #expect(store.reads == 2)
    }

    @Test func `what the store cannot read is answered`() throws {
        let store = TestStore()
        let id = try finished(store)
        let service = try Service(store)
        store.fail(.unavailable("I/O error"))
        service.readers.loadJob(id, waiter: service.answers.waiter())
        guard case .failed(.unavailable("I/O error")) = try service.answers.next().answer else { throw Answers.Unexpected() }
        service.readers.frames(id, from: .offset(0), observer: service.answers)
        #expect(try service.answers.nextPage() == nil)
        store.fail(nil)
        service.readers.frames(id, from: .offset(0), observer: service.answers)
        #expect(try service.answers.nextPage() != nil)
    }

    @Test func `reads over the limit and after the end are refused`() throws {
        let store = TestStore()
        let id = try finished(store)
        var limits = Service.quickLimits
        limits.readers = 1
        limits.waitingReads = 2
        let service = try Service(store, limits: limits)
        store.hold()
        service.readers.frames(id, from: .offset(0), observer: service.answers)
        store.awaitEntry()
        for ticket in 1...3 as ClosedRange<UInt64> { service.readers.result(id, waiter: service.answers.waiter(ticket)) }
        #expect(try { if case (3, .failed) = try service.answers.next() { true } else { false } }())
        store.release()
        _ = try service.answers.nextPage()
        for _ in 1...2 { _ = try service.answers.next() }
        service.readers.stop()
        service.readers.result(id, waiter: service.answers.waiter())
        #expect(try { if case .failed = try service.answers.next().answer { true } else { false } }())
    }
}

@Suite struct PageCacheTests {
    /// A page of one frame of about this many bytes.
    private func page(start: Int, bytes: Int, sequence: UInt64 = 1) -> LogPage {
        let data = String(repeating: "x", count: bytes)
        let content = "id: \(sequence)\ndata: \(data)\n\n"
        let frame = String(content.utf8.count, radix: 16) + "\r\n" + content + "\r\n"
        return LogPage(StoredFrames(firstSequence: sequence, startOffset: start, bytes: Array(frame.utf8), oldest: LogOldest()))
    }

    @Test func `the cache stays within its bound and keeps what was asked for`() {
        let cache = PageCache(limitBytes: 100_000)
        let popular = JobID(bits: 1)
        cache.insert(popular, page(start: 0, bytes: 9_000))
        for number in 1...1_000 {
            cache.insert(JobID(bits: 2), page(start: number * 10_000, bytes: 9_000))
            #expect(cache.find(popular, .offset(5)) != nil)
            #expect(cache.bytes <= 100_000)
        }
        #expect(cache.find(JobID(bits: 2), .offset(10_000)) == nil)
        #expect(cache.find(JobID(bits: 2), .offset(10_000_000)) != nil)
        cache.insert(JobID(bits: 3), page(start: 0, bytes: 200_000))
        #expect(cache.find(JobID(bits: 3), .offset(0)) == nil)
    }

    @Test func `many small pages are bounded too`() {
        let cache = PageCache(limitBytes: 100_000)
        for number in 0..<5_000 { cache.insert(JobID(bits: UInt64(number)), page(start: 0, bytes: 1)) }
        #expect((0..<5_000).filter { cache.find(JobID(bits: UInt64($0)), .offset(0)) != nil }.count < 400)
    }

    @Test func `a longer page takes the place of a shorter one`() {
        let cache = PageCache(limitBytes: 100_000)
        let id = JobID(bits: 1)
        cache.insert(id, page(start: 0, bytes: 100))
        cache.insert(id, page(start: 0, bytes: 1_000))
        cache.insert(id, page(start: 0, bytes: 10))
        #expect(cache.find(id, .offset(900)) != nil)
        #expect(cache.find(id, .sequence(1)) != nil && cache.find(id, .sequence(2)) == nil)
    }
}
