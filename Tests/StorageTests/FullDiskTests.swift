import Foundation
import Jobs
import Locking
import Storage
import Testing

/// A disk that is really full: a small file system in memory, which only root may mount.
@Suite(.enabled(if: geteuid() == 0, "mounting a small tmpfs takes root"))
struct FullDiskTests {
    @Test func `a full disk refuses submits, keeps what was acknowledged, and is survived`() throws {
        let disk = try SmallDisk(mebibytes: 4)
        let store = try SQLiteStore.reopened(disk.file("runs.db"))
        let service = try Service(TestStore(store))
        let job = try service.created(1)
        _ = job.start(now: Bench.now, waiter: service.answers.waiter())
        _ = try service.answers.next()

        try disk.fill()
        let acknowledged = try submitUntilRefused(service)
        #expect(!service.writer.isHealthy)
        let published = job.log.view().lastSequence
        report(job, events: 400)
        #expect(job.log.view().lastSequence == published)
        #expect(job.unpublishedBytes > 0)
        // Reads go on.
        for id in acknowledged { #expect(try store.job(id) != nil) }
        #expect(try store.counts().total == acknowledged.count + 1)

        try disk.empty()
        job.whenCommitted(service.answers.waiter(77))
        #expect(try service.answers.next().ticket == 77)
        #expect(service.writer.isHealthy)
        #expect(job.log.view().lastSequence == published + 400 && job.unpublishedBytes == 0)
        #expect(try service.created(1_000_000).log.view().lastSequence == 1)

        // And it is all there for the next server.
        service.writer.stop()
        try store.close()
        let again = try SQLiteStore.reopened(disk.file("runs.db"))
        let frames = try #require(try again.read(job.id, from: .offset(0), maxBytes: .max))
        #expect(sequences(frames.bytes) == Array(1...published + 400))
        for id in acknowledged { #expect(try again.job(id) != nil) }
        #expect(try again.counts().total == acknowledged.count + 2)
        try again.close()
    }

    @Test func `a full disk leaves the journal as it is, and what is tried again is appended to it`() throws {
        let disk = try SmallDisk(mebibytes: 12)
        var limits = StorageLimits()
        limits.journalBytes = 30_000
        let store = try SQLiteStore.reopened(disk.file("runs.db"), limits: limits)
        let runs = try Runs(store, TemporaryDirectory(), count: 20)
        try runs.write(runs.take(events: 5))

        try disk.fill()
        var refused: [JobCommit]?
        for round in 0..<10_000 where refused == nil {
            let commits = try runs.take(events: 1, bytes: round % 2 == 0 ? 2_500 : 100)
            do {
                try runs.write(commits)
            } catch is StoreError {
                refused = commits
            }
        }
        let commits = try #require(refused, "the disk did not become full")
        try runs.areWhole(store)
        // Nor would a server that is killed now lose anything.
        let elsewhere = try TemporaryDirectory()
        let copy = try SQLiteStore(path: elsewhere.killed(disk.file("runs.db"), as: "runs.db"), bootID: "boot")
        try runs.areWhole(copy)
        try copy.close()

        try disk.empty()
        try runs.write(commits)
        try runs.write(runs.take(events: 2))
        try runs.areWhole(store)
        try store.close()
        try runs.areWhole(SQLiteStore.reopened(disk.file("runs.db")))
    }

    @Test func `a server that starts on a full disk says so`() throws {
        let disk = try SmallDisk(mebibytes: 1)
        try disk.fill()
        #expect {
            _ = try SQLiteStore.reopened(disk.file("runs.db"))
        } throws: { error in
            guard case StoreError.unavailable(let reason) = error else { return false }
            return reason.contains("disk") || reason.contains("full") || reason.contains("No space")
        }
        try disk.empty()
        let store = try SQLiteStore.reopened(disk.file("runs.db"))
        #expect(try store.counts().total == 0)
        try store.close()
    }

    /// Submits large runs, one after the other, until one is refused; those that were acknowledged.
    private func submitUntilRefused(_ service: Service) throws -> [JobID] {
        var acknowledged: [JobID] = []
        for bits in 2...10_000 as ClosedRange<UInt64> {
            let job = service.job(bits, prompt: String(repeating: "p", count: 20_000))
            service.writer.submit(job, key: nil, waiter: service.answers.waiter(bits))
            switch try service.answers.next().answer {
            case .submitted(let job, _): acknowledged.append(job.id)
            case .failed: return acknowledged
            case let other: Issue.record("\(other)")
            }
        }
        Issue.record("the disk did not become full")
        return acknowledged
    }

    private func report(_ job: Job, events: Int) {
        var batch = EventBatch()
        for _ in 0..<events {
            batch.bytes += Array("{\"event\": \"log\", \"data\": {\"message\": \"\(String(repeating: "m", count: 1_000))\"}}".utf8)
            batch.endEnvelope()
        }
        _ = job.append(batch, attempt: 1)
    }
}

/// A mounted tmpfs of few bytes. `Storage` is what fills it, or `fill`.
private final class SmallDisk: Sendable {
    private let directory: TemporaryDirectory

    init(mebibytes: Int) throws {
        directory = try TemporaryDirectory()
        try Self.run("mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", directory.path)
    }

    deinit {
        try? Self.run("umount", "--lazy", directory.path)
    }

    func file(_ name: String) -> String { directory.file(name) }

    /// Leaves no byte.
    func fill() throws {
        try Data().write(to: URL(fileURLWithPath: file("filler")))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file("filler")))
        defer { try? handle.close() }
        for size in [65_536, 4_096] { while (try? handle.write(contentsOf: Data(count: size))) != nil {} }
    }

    func empty() throws {
        try FileManager.default.removeItem(atPath: file("filler"))
    }

    private static func run(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(arguments) failed")
    }
}
