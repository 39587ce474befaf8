import Foundation
import Jobs
import Locking
import Storage

/// A store whose disk is full whenever a test says so.
final class FailingStore: JobStore {
    let fails = Lock(false)
    private let store = MemoryStore()

    private func check() throws(StoreError) {
        if fails.withLock({ $0 }) { throw .unavailable("the disk is full") }
    }

    func write(_ batch: WriteBatch) throws(StoreError) -> WriteOutcome {
        try check()
        return try store.write(batch)
    }

    func acquire(limit: Int, after: Int64) throws(StoreError) -> [StoredJob] { try store.acquire(limit: limit, after: after) }
    func prune(endedBefore moment: Timestamp, limit: Int) throws(StoreError) -> [JobID] {
        try store.prune(endedBefore: moment, limit: limit)
    }
    func job(_ id: JobID) throws(StoreError) -> StoredJob? {
        try check()
        return try store.job(id)
    }
    func result(of id: JobID) throws(StoreError) -> JobResult? {
        try check()
        return try store.result(of: id)
    }
    func list(_ filter: JobFilter) throws(StoreError) -> JobPage {
        try check()
        return try store.list(filter)
    }
    func read(_ id: JobID, from address: LogAddress, maxBytes: Int) throws(StoreError) -> StoredFrames? {
        try check()
        return try store.read(id, from: address, maxBytes: maxBytes)
    }
    func counts() throws(StoreError) -> JobCounts {
        try check()
        return try store.counts()
    }
}

/// A directory that goes with the test.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "runstream-api-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String, mode: Int = 0o644) throws {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }
}
