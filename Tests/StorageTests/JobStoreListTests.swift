import Jobs
import Storage
import Testing

/// The laws of every store: lists and counts.
@Suite struct JobStoreListTests {
    /// Runs 1...10: odd ones in session `s`; 1, 2, 3 succeeded, 4 cancelled, 5 running, the rest queued.
    private func fill(_ bench: Bench) throws {
        for bits in 1...10 as ClosedRange<UInt64> {
            let session = bits % 2 == 1 ? "s" : nil
            guard bits > 3 else {
                try bench.ended(bits, session: session)
                continue
            }
            let job = try bench.create(bench.job(bits, session: session))
            if bits == 4 {
                _ = job.cancel(now: Bench.now, waiter: bench.answers.waiter())
                try bench.commit(job)
            }
            if bits == 5 { try bench.start(job) }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `lists are filtered, newest first, with the number of all that match`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        try fill(bench)
        let table: [(JobStatus?, String?, [UInt64])] = [
            (nil, nil, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
            (.queued, nil, [10, 9, 8, 7, 6]),
            (.running, nil, [5]),
            (.succeeded, nil, [3, 2, 1]),
            (.failed, nil, []),
            (nil, "s", [9, 7, 5, 3, 1]),
            (.succeeded, "s", [3, 1]),
            (.cancelled, "s", []),
            (nil, "unknown", []),
        ]
        for (status, session, ids) in table {
            let page = try bench.store.list(JobFilter(status: status, sessionID: session))
            #expect(page.jobs.map(\.spec.id.bits) == ids)
            #expect(page.total == ids.count)
            #expect(page.jobs.allSatisfy { $0.work == nil })
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `pages follow each other without a gap, and beyond the last there is nothing`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        try fill(bench)
        let pages = try (1...4).map { try bench.store.list(JobFilter(page: $0, pageSize: 4)) }
        #expect(pages.map { $0.jobs.map(\.spec.id.bits) } == [[10, 9, 8, 7], [6, 5, 4, 3], [2, 1], []])
        #expect(pages.allSatisfy { $0.total == 10 })
        #expect(try bench.store.list(JobFilter(page: .max, pageSize: 100)).jobs.isEmpty)
    }

    @Test(arguments: StoreKind.allCases)
    func `counts say how many runs stand where`(kind: StoreKind) throws {
        let bench = try Bench(kind)
        #expect(try bench.store.counts() == JobCounts())
        try fill(bench)
        let counts = try bench.store.counts()
        #expect(JobStatus.allCases.map { counts[$0] } == [5, 1, 3, 0, 1])
    }
}
