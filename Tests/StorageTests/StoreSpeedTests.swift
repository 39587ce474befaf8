import Jobs
import Storage
import Testing

/// Prints how fast the store is on this machine. It asserts nothing: figures are for release builds on a quiet machine.
@Suite(.serialized) struct StoreSpeedTests {
    @Test(arguments: [100, 1_000])
    func `events that a commit of so many takes`(count: Int) throws {
        let bench = try Bench(.sqlite)
        let job = try bench.create(bench.job(1))
        try bench.start(job)
        let begin = ContinuousClock.now
        var inStore = Duration.zero
        var events = 0
        while ContinuousClock.now - begin < .milliseconds(500) {
            bench.log(job, count, bytes: 60)
            let commit = try #require(job.takeCommit())
            let written = ContinuousClock.now
            let outcome = try bench.write(commits: [commit], retain: 64 << 20).commits[0]
            inStore += ContinuousClock.now - written
            _ = job.committed(commit, outcome)
            events += count
        }
        print("store: \(count) events of about 130 bytes a commit: \(events * 1_000_000 / Int(inStore.inMicroseconds)) events/s")
    }

    @Test(arguments: [1, 30, 300])
    func `submits that a durable commit of so many takes`(count: Int) throws {
        let bench = try Bench(.sqlite)
        let begin = ContinuousClock.now
        var inStore = Duration.zero
        var runs = 0
        while ContinuousClock.now - begin < .milliseconds(500) {
            let submissions = try (0..<count).map { try bench.submission(bench.job(UInt64.random(in: 0...UInt64.max) &+ UInt64($0))) }
            let written = ContinuousClock.now
            _ = try bench.write(submits: submissions)
            inStore += ContinuousClock.now - written
            runs += count
        }
        print("store: \(count) durable submits a commit: \(runs * 1_000_000 / Int(inStore.inMicroseconds)) submits/s")
    }

    @Test func `small commits of many runs at once`() throws {
        let bench = try Bench(.sqlite)
        let jobs = try (1...100).map { try bench.create(bench.job(UInt64($0))) }
        for job in jobs { try bench.start(job) }
        let begin = ContinuousClock.now
        var inStore = Duration.zero
        var changes = 0
        while ContinuousClock.now - begin < .milliseconds(500) {
            for job in jobs { bench.log(job, 1) }
            let commits = jobs.compactMap { $0.takeCommit() }
            let written = ContinuousClock.now
            let outcomes = try bench.write(commits: commits).commits
            inStore += ContinuousClock.now - written
            for (index, job) in jobs.enumerated() { _ = job.committed(commits[index], outcomes[index]) }
            changes += commits.count
        }
        print("store: one event of each of 100 runs a commit: \(changes * 1_000_000 / Int(inStore.inMicroseconds)) events/s")
    }

    @Test func `pages read back`() throws {
        let bench = try Bench(.sqlite)
        let job = try bench.create(bench.job(1))
        try bench.start(job)
        for _ in 0..<2_000 {
            bench.log(job, 10, bytes: 60)
            try bench.commit(job)
        }
        let head = job.log.view().head
        let begin = ContinuousClock.now
        var pages = 0
        var offset = 0
        while ContinuousClock.now - begin < .milliseconds(300) {
            let page = try #require(try bench.store.read(job.id, from: .offset(offset), maxBytes: 256 << 10))
            offset = page.startOffset + page.bytes.count < head ? page.startOffset + page.bytes.count : 0
            pages += 1
        }
        print("store: a page of 256 KiB out of commits of ten events: \((ContinuousClock.now - begin).inMicroseconds / Int64(pages)) us")
    }

    @Test func `lists and counts of many runs`() throws {
        let bench = try Bench(.sqlite)
        for part in 0..<100 {
            _ = try bench.write(submits: (0..<300).map { try bench.submission(bench.job(UInt64(part * 300 + $0), session: "s\($0 % 3)")) })
        }
        for (what, filter) in [
            ("first", JobFilter()), ("last", JobFilter(page: 1_500)), ("session", JobFilter(sessionID: "s1")),
            ("session and status, deep", JobFilter(status: .queued, sessionID: "s1", page: 400)), ("none", JobFilter(status: .failed)),
        ] {
            let begin = ContinuousClock.now
            for _ in 0..<20 { _ = try bench.store.list(filter) }
            print("store: a page of a list of 30,000 runs (\(what)): \((ContinuousClock.now - begin).inMicroseconds / 20) us")
        }
    }
}
