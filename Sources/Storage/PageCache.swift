import Jobs
import Locking

/// Pages of old log that were read back, kept for the next viewer within a bound. Shared by all readers; any thread.
///
/// Pages are immutable, so one may be handed out while it is thrown out. Thrown out is the oldest that was not asked for since its last
/// turn; a deleted run's too. Nobody new gets at those, but a slow viewer in the middle of an event still needs the event's rest to end
/// cleanly.
package final class PageCache: Sendable {
    private struct Key: Hashable {
        let id: JobID
        let start: Int
    }

    private struct Entry {
        let page: LogPage
        let lastSequence: UInt64
        var wasAsked = false

        func holds(_ address: LogAddress) -> Bool {
            switch address {
            case .sequence(let sequence): page.firstSequence <= sequence && sequence <= lastSequence
            case .offset(let offset): page.start <= offset && offset < page.head
            }
        }
    }

    private struct Table {
        /// Each run's pages by where they start.
        var pages: [JobID: [Int: Entry]] = [:]
        /// The order in which pages are looked at to be thrown out; may name some that are gone.
        var line: [Key] = []
        var lineStart = 0
        var bytes = 0
    }

    private let limitBytes: Int
    private let table = Lock(Table())
    /// What a page costs beside its bytes, so that very small ones are bounded too.
    private static let overhead = 256

    package init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    /// Bytes that the cached pages take.
    package var bytes: Int { table.withLock { $0.bytes } }

    /// A page that holds the address, if there is one.
    package func find(_ id: JobID, _ address: LogAddress) -> LogPage? {
        table.withLock { table in
            guard let found = table.pages[id]?.first(where: { $0.value.holds(address) }) else { return nil }
            table.pages[id]?[found.key]?.wasAsked = true
            return found.value.page
        }
    }

    /// Keeps a page. A longer one takes the place of a shorter one that starts where it does.
    package func insert(_ id: JobID, _ page: LogPage) {
        guard page.bytes.count + Self.overhead <= limitBytes else { return }
        let lastSequence = Self.lastSequence(page)
        table.withLock { table in
            if let present = table.pages[id]?[page.start] {
                guard present.page.head < page.head else { return }
                table.bytes -= present.page.bytes.count
            } else {
                table.line.append(Key(id: id, start: page.start))
                table.bytes += Self.overhead
            }
            table.pages[id, default: [:]][page.start] = Entry(page: page, lastSequence: lastSequence)
            table.bytes += page.bytes.count
            evict(&table)
        }
    }

    private func evict(_ table: inout Table) {
        while table.bytes > limitBytes, table.lineStart < table.line.count {
            let key = table.line[table.lineStart]
            table.lineStart += 1
            guard let entry = table.pages[key.id]?[key.start] else { continue }
            if entry.wasAsked {
                table.pages[key.id]?[key.start]?.wasAsked = false
                table.line.append(key)
                continue
            }
            table.pages[key.id]?[key.start] = nil
            if table.pages[key.id]?.isEmpty == true { table.pages[key.id] = nil }
            table.bytes -= entry.page.bytes.count + Self.overhead
        }
        if table.lineStart > 1024 && table.lineStart * 2 > table.line.count {
            table.line.removeFirst(table.lineStart)
            table.lineStart = 0
        }
    }

    private static func lastSequence(_ page: LogPage) -> UInt64 {
        unsafe page.bytes.withUnsafeBytes { bytes in
            var reader = unsafe FrameReader(bytes)
            var last = page.firstSequence
            while let frame = unsafe reader.next() { last = frame.sequence }
            return last
        }
    }
}
