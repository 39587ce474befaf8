import Jobs
import Storage
import Testing

/// The laws of every store: logs, in pages and trimmed.
@Suite struct JobStoreLogTests {
    /// A run whose log came in commits of these many events of these many bytes; its whole log.
    private func fill(_ bench: Bench, _ commits: [(events: Int, bytes: Int)], retain: Int = .max) throws -> (job: Job, log: [UInt8]) {
        let job = bench.job(1)
        let submission = try bench.submission(job)
        _ = try bench.write(submits: [submission])
        _ = job.committed(submission.commit, .committed(oldest: LogOldest()))
        var log = bytes(submission.commit)
        _ = job.start(now: Bench.now, waiter: bench.answers.waiter())
        for (events, size) in [(0, 0)] + commits {
            // The first commit is the start's own event.
            if events > 0 { bench.log(job, events, bytes: size) }
            let commit = try #require(job.takeCommit())
            log += bytes(commit)
            _ = job.committed(commit, try bench.write(commits: [commit], retain: retain).commits[0])
        }
        return (job, log)
    }

    private static let mixed: [(events: Int, bytes: Int)] = [
        (1, 40), (1, 40), (1, 40), (20, 100), (1, 5_000), (1, 40), (2_000, 200), (1, 40), (40, 1), (1, 400_000), (3, 10),
    ]

    @Test(arguments: StoreKind.allCases, [1, 4_096, 300_000, Int.max])
    func `page after page gives the whole log`(kind: StoreKind, maxBytes: Int) throws {
        let bench = try Bench(kind)
        let (job, log) = try fill(bench, Self.mixed)
        var read: [UInt8] = []
        while let page = try bench.store.read(job.id, from: .offset(read.count), maxBytes: maxBytes) {
            #expect(page.startOffset == read.count)
            #expect(page.firstSequence == sequences(page.bytes).first)
            #expect(page.oldest == LogOldest())
            read += page.bytes
        }
        #expect(read == log)
    }

    @Test(arguments: StoreKind.allCases)
    func `any number and any offset is found in the row that holds it`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let (job, log) = try fill(bench, Self.mixed.filter { $0.events < 100 && $0.bytes < 10_000 })
        let all = sequences(log)
        for sequence in all {
            let page = try #require(try bench.store.read(job.id, from: .sequence(sequence), maxBytes: 1))
            #expect(sequences(page.bytes).contains(sequence))
        }
        for offset in stride(from: 0, to: log.count, by: 97) {
            let page = try #require(try bench.store.read(job.id, from: .offset(offset), maxBytes: 1))
            #expect(page.startOffset <= offset && offset < page.startOffset + page.bytes.count)
            #expect(page.bytes[...] == log[page.startOffset..<page.startOffset + page.bytes.count])
        }
        #expect(try bench.store.read(job.id, from: .sequence(UInt64(all.count) + 1), maxBytes: 1) == nil)
        #expect(try bench.store.read(job.id, from: .offset(log.count), maxBytes: 1) == nil)
        #expect(try bench.store.read(JobID(bits: 2), from: .offset(0), maxBytes: 1) == nil)
        #expect(try bench.store.read(job.id, from: .sequence(0), maxBytes: 1)?.firstSequence == 1)
    }

    @Test(arguments: StoreKind.allCases)
    func `a large commit is kept in rows of at most 256 KiB, cut between frames`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let (job, log) = try fill(bench, [(10_000, 200)])
        var offset = 0
        var rows = 0
        while let row = try bench.store.read(job.id, from: .offset(offset), maxBytes: 1) {
            #expect(row.bytes.count <= 256 << 10)
            _ = sequences(row.bytes)
            offset += row.bytes.count
            rows += 1
        }
        #expect(offset == log.count)
        #expect(rows <= log.count / (192 << 10) + 2)
    }

    @Test(arguments: StoreKind.allCases)
    func `a quiet log does not become a row per event`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        let (job, log) = try fill(bench, [(Int, Int)](repeating: (1, 40), count: 300))
        var offset = 0
        var rows = 0
        while let row = try bench.store.read(job.id, from: .offset(offset), maxBytes: 1) {
            #expect(row.bytes.count <= 3_500)
            offset += row.bytes.count
            rows += 1
        }
        #expect(offset == log.count)
        #expect(rows <= log.count / 3_000 + 1)
    }

    @Test(arguments: StoreKind.allCases, [20_000, 100_000, 1])
    func `a log keeps its newest events within its bound and says which is the oldest`(kind: StoreKind, retain: Int) throws {
        let bench = try Bench(kind)
        let (job, log) = try fill(bench, [(Int, Int)](repeating: (30, 100), count: 60), retain: retain)
        let stored = try #require(try bench.store.job(job.id))
        let kept = stored.head.end.offset - stored.oldest.offset
        // The last row stays, however small the bound.
        #expect(kept <= max(retain, 6_000) && kept > 0)
        if retain > 6_000 { #expect(kept > retain - 6_000) }
        #expect(stored.oldest == job.log.oldest)
        for address in [.offset(0), .sequence(0), .sequence(5), .offset(stored.oldest.offset), .sequence(stored.oldest.sequence)]
            as [LogAddress]
        {
            let page = try #require(try bench.store.read(job.id, from: address, maxBytes: .max))
            #expect(page.startOffset == stored.oldest.offset)
            #expect(page.firstSequence == stored.oldest.sequence)
            #expect(page.oldest == stored.oldest)
            #expect(page.bytes[...] == log[stored.oldest.offset...])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a hole in the numbers is never inside a row`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        try bench.create(bench.job(1))
        let stored = try bench.store.acquire(limit: 1, after: 0)[0]
        let job = Job(stored: stored, afterPowerCut: true, committer: bench.committer, memory: bench.memory)
        try bench.start(job)
        let before = try #require(try bench.store.read(job.id, from: .sequence(1), maxBytes: 1))
        #expect(sequences(before.bytes) == [1])
        for sequence in [2, 500, 1_000_002] as [UInt64] {
            let after = try #require(try bench.store.read(job.id, from: .sequence(sequence), maxBytes: 1))
            #expect(sequences(after.bytes) == [1_000_002])
        }
        let both = try #require(try bench.store.read(job.id, from: .sequence(1), maxBytes: 10_000))
        #expect(LogPage(both).locate(after: 7).oldest == 1_000_002)
        #expect(LogPage(both).locate(after: 1).oldest == nil)
    }
}
