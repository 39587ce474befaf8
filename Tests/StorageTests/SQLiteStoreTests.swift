import Foundation
import Jobs
import Storage
import Testing

/// The database as a file: what survives, and what is refused.
@Suite struct SQLiteStoreTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("runs.db") }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func open(_ path: String? = nil, boot: String = "boot") throws -> SQLiteStore {
        try SQLiteStore.reopened(path ?? self.path, boot: boot)
    }

    /// Why opening fails; nil when it does not.
    private func refusal(_ path: String) -> StoreError? {
        do throws(StoreError) {
            _ = try SQLiteStore(path: path, bootID: "boot")
            return nil
        } catch {
            return error
        }
    }

    private func reason(_ path: String) -> String {
        switch refusal(path) {
        case .unavailable(let reason), .damaged(let reason): reason
        case let other: "\(String(describing: other))"
        }
    }

    @Test func `what was written is there after the server has closed, and its identity stays`() throws {
        let store = try open()
        let bench = Bench(store, directory)
        let job = try bench.ended(1, session: "s", .succeeded(JobResult(json: Array("1".utf8))))
        let stored = try store.job(job.id)
        try store.close()
        try store.close()
        let again = try open()
        #expect(try again.job(job.id)?.isSame(as: stored) == true)
        #expect(try again.result(of: job.id)?.json == Array("1".utf8))
        #expect(again.instanceID == store.instanceID && again.secret == store.secret)
        #expect(again.instanceID.utf8.count == 16 && again.instanceID.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        #expect(again.secret.count == 32)
        let other = try SQLiteStore(path: directory.file("other.db"), bootID: "boot")
        #expect(other.instanceID != store.instanceID && other.secret != store.secret)
    }

    @Test func `after a clean stop nothing is left out of the database's own file`() throws {
        let store = try open()
        let bench = Bench(store, directory)
        let job = try bench.ended(1, session: "s", .succeeded(JobResult(json: Array("1".utf8))))
        _ = try store.job(job.id)
        try store.close()
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        try FileManager.default.copyItem(atPath: path, toPath: directory.file("alone.db"))
        let copy = try open(directory.file("alone.db"))
        #expect(try copy.result(of: job.id)?.json == Array("1".utf8))
        #expect(copy.isCopy && copy.instanceID != store.instanceID && copy.secret == store.secret)
    }

    @Test func `a closed store answers with an error`() throws {
        let store = try open()
        try store.close()
        #expect(throws: StoreError.self) { try store.counts() }
        #expect(throws: StoreError.self) { try store.acquire(limit: 1, after: 0) }
    }

    @Test func `a killed server loses nothing that was committed`() throws {
        let store = try open()
        let bench = Bench(store, directory)
        let running = try bench.create(bench.job(1))
        try bench.start(running)
        for _ in 0..<50 {
            bench.log(running, 20)
            try bench.commit(running)
        }
        try bench.create(bench.job(2), key: IdempotencyKey(key: Array("k".utf8), sessionID: nil))
        let copy = try open(directory.killed(path, as: "copy.db"))
        for job in try [running.id, JobID(bits: 2)].map({ try #require(try store.job($0)) }) {
            #expect(try copy.job(job.spec.id)?.isSame(as: job) == true)
        }
        let frames = try copy.read(running.id, from: .offset(0), maxBytes: .max)
        #expect(sequences(try #require(frames).bytes) == Array(1...1002))
        #expect(try copy.acquire(limit: 10, after: 0).map(\.head.epoch) == [2, 2])
        #expect(!copy.hadPowerCut)
        let key = IdempotencyKey(key: Array("k".utf8), sessionID: nil)
        let known = try Bench(copy, directory).submission(Bench(copy, directory).job(3), key: key)
        var batch = WriteBatch(retainLogBytes: .max)
        batch.submits = [known]
        #expect(try copy.write(batch).submits[0].existing?.spec.id == JobID(bits: 2))
    }

    @Test func `a key is found again after a restart, also one that is not UTF-8`() throws {
        let keys = [Array("plain".utf8), Array("müller".utf8), [0x6D, 0xFC], [0x6D, 0xF6]].map { IdempotencyKey(key: $0, sessionID: nil) }
        let store = try open()
        for (index, key) in keys.enumerated() { try Bench(store, directory).create(Bench(store, directory).job(UInt64(index)), key: key) }
        try store.close()
        let again = try open()
        let bench = Bench(again, directory)
        for (index, key) in keys.enumerated() {
            let outcome = try bench.write(submits: [bench.submission(bench.job(100), key: key)]).submits[0]
            #expect(outcome.existing?.spec.id == JobID(bits: UInt64(index)), "\(key)")
        }
    }

    // MARK: Power cuts

    @Test(
        arguments: [
            ("same boot, closed", "boot", true, false), ("same boot, killed", "boot", false, false),
            ("other boot, closed", "next", true, false),
            ("other boot, killed", "next", false, true),
        ] as [(String, String, Bool, Bool)])
    func `a power cut is another boot after no clean shutdown`(what: String, boot: String, isClean: Bool, isCut: Bool) throws {
        do {
            let store = try open()
            let bench = Bench(store, directory)
            try bench.create(bench.job(1))
            if isClean { try store.close() }
        }
        #expect(try open(boot: boot).hadPowerCut == isCut, "\(what)")
    }

    @Test func `a power cut is remembered until every run that it hit has written again`() throws {
        do {
            let bench = Bench(try open(), directory)
            try bench.create(bench.job(1))
            try bench.create(bench.job(2))
        }
        do {
            let store = try open(boot: "second")
            #expect(store.hadPowerCut)
            let bench = Bench(store, directory)
            let first = Job(
                stored: try store.acquire(limit: 1, after: 0)[0], afterPowerCut: true, committer: bench.committer, memory: bench.memory)
            try bench.start(first)
        }
        do {
            // Killed before the second run had written, on the same boot.
            let store = try open(boot: "second")
            #expect(store.hadPowerCut)
            let bench = Bench(store, directory)
            for stored in try store.acquire(limit: 2, after: 0) where stored.snapshot.status == .queued {
                try bench.start(Job(stored: stored, afterPowerCut: true, committer: bench.committer, memory: bench.memory))
            }
            #expect(try store.counts()[.running] == 2)
        }
        #expect(try !open(boot: "second").hadPowerCut)
    }

    // MARK: Room

    @Test func `the write-ahead log does not grow with what is written`() throws {
        let store = try open()
        let bench = Bench(store, directory)
        let job = try bench.create(bench.job(1))
        try bench.start(job)
        var longest = 0
        for _ in 0..<60 {
            for _ in 0..<6 { bench.log(job, 1, bytes: 250_000) }
            try bench.commit(job, retain: 1 << 20)
            longest = max(longest, try size(path + "-wal"))
        }
        #expect(job.log.view().head > 80 << 20)
        #expect(longest <= 40 << 20)
        #expect(try size(path) < 60 << 20)
    }

    @Test func `what a run was to do is dropped when it ends`() throws {
        let store = try open()
        let bench = Bench(store, directory)
        for bits in 1...30 as ClosedRange<UInt64> {
            let job = try bench.create(bench.job(bits, work: JobWork(prompt: String(repeating: "p", count: 500_000))))
            _ = job.cancel(now: Bench.now, waiter: bench.answers.waiter())
            try bench.commit(job)
        }
        try store.close()
        #expect(try size(path) < 2 << 20)
    }

    // MARK: What is refused

    @Test func `a database of a newer version is refused by name of both`() throws {
        try open().close()
        try patch(path, at: 60, [0, 0, 0, 99])
        #expect(refusal(path) == .newerSchema(found: 99, known: 4))
        try patch(path, at: 60, [0, 0, 0, 4])
        #expect(refusal(path) == nil)
    }

    @Test func `what is no database is refused and left as it is`() throws {
        let text = Data(String(repeating: "not a database\n", count: 1000).utf8)
        try text.write(to: URL(fileURLWithPath: path))
        #expect(reason(path).contains("is not an SQLite database"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == text)
        #expect(reason(directory.path).contains("Is a directory"))
        #expect(reason("/dev/null").contains("is not a regular file"))
    }

    @Test func `another program's database is refused and left as it is`() throws {
        try open().close()
        try patch(path, at: 68, [0, 0, 0, 7])
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(reason(path).contains("another program's database"))
        // No application id, but tables, and, as most databases, no write-ahead log.
        try patch(path, at: 68, [0, 0, 0, 0])
        try patch(path, at: 18, [1, 1])
        #expect(reason(path).contains("another program's database"))
        // The same with one.
        try patch(path, at: 18, [2, 2])
        #expect(reason(path).contains("another program's database"))
        let after = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(after[100...].elementsEqual(before[100...]), "bytes have changed")
    }

    @Test func `a damaged database says so`() throws {
        do {
            let store = try open()
            let bench = Bench(store, directory)
            for bits in 1...50 as ClosedRange<UInt64> { try bench.ended(bits) }
            try store.close()
        }
        try patch(path, at: 4_096, [UInt8](repeating: 0xA5, count: 8_192))
        guard case .damaged = refusal(path) else {
            Issue.record("\(String(describing: refusal(path)))")
            return
        }
    }

    @Test func `paths that cannot be used say why`() throws {
        let file = directory.file("file")
        try Data().write(to: URL(fileURLWithPath: file))
        #expect(reason(file + "/runs.db").contains("Not a directory"))
        #expect(reason("/proc/runstream/runs.db").contains("cannot make the directory /proc/runstream"))
        #expect(reason("/proc/runs.db").contains("cannot open the database /proc/runs.db"))
        #expect(reason("").contains("empty"))
    }

    @Test func `files are the owner's alone, and missing directories are made`() throws {
        let deep = directory.file("a/b/runs.db")
        let store = try open(deep)
        let bench = Bench(store, directory)
        try bench.create(bench.job(1))
        for (name, mode) in [("a", 0o700), ("a/b", 0o700), ("a/b/runs.db", 0o600), ("a/b/runs.db-wal", 0o600), ("a/b/runs.db-shm", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.file(name))
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode, "\(name)")
        }
    }

    // MARK: A second server

    @Test func `a second server is refused, whatever path it takes`() throws {
        let store = try open()
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        try FileManager.default.createSymbolicLink(atPath: directory.file("link.db"), withDestinationPath: path)
        try FileManager.default.linkItem(atPath: path, toPath: directory.file("hard.db"))
        #expect(refusal(path) == .inUse(path: real))
        #expect(refusal(directory.file("link.db")) == .inUse(path: real))
        #expect(refusal(directory.path + "/./../" + (directory.path as NSString).lastPathComponent + "/runs.db") == .inUse(path: real))
        guard case .inUse = refusal(directory.file("hard.db")) else {
            Issue.record("a hard link is another way in")
            return
        }
        // The refused ones have done the first no harm.
        let bench = Bench(store, directory)
        try bench.create(bench.job(1))
        try store.close()
        #expect(refusal(path) == nil)
    }

    @Test func `a killed server's lock is gone with it`() throws {
        try open().close()
        let other = Process()
        other.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        let output = Pipe()
        other.standardOutput = output
        other.arguments = ["--no-fork", path, "sh", "-c", "echo locked; exec sleep 60"]
        try other.run()
        _ = output.fileHandleForReading.readData(ofLength: 7)
        #expect(refusal(path) != nil)
        kill(other.processIdentifier, SIGKILL)
        other.waitUntilExit()
        #expect(refusal(path) == nil)
    }

    private func size(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.size] as? NSNumber)?.intValue ?? 0
    }

    private func patch(_ path: String, at offset: UInt64, _ bytes: [UInt8]) throws {
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: bytes)
        try handle.close()
    }
}
