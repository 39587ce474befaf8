import Jobs
import Locking

/// The end of a run's log that is in the journal and not yet in a row of its log.
struct JournalTail {
    var row: LogRow
    /// Whether it will be a row of its own, not the continuation of the log's last one.
    let isNewRow: Bool
    /// The oldest row of the journal that holds a part of it.
    let since: Int64
}

/// What the journal holds that the logs do not, kept in memory too so that nobody has to search the journal for it.
///
/// The rows of a log lie together, so that a commit in which thirty runs have one event each would write thirty database pages. Such events
/// are written to the journal first, all of a commit in one row, and to their log once they fill a row there (see `StoreTransaction.journal`).
/// The writer changes it, after a commit; any thread may read.
final class Journal: Sendable {
    private struct Row {
        let number: Int64
        let bytes: Int
        /// The runs whose tail began in it.
        let begun: [JobID]
    }

    private struct State {
        var tails: [JobID: JournalTail] = [:]
        /// Oldest first.
        var rows: [Row] = []
        var bytes = 0
        var nextRow: Int64 = 1
    }

    private let state = Lock(State())

    func tail(of id: JobID) -> JournalTail? { state.withLock { $0.tails[id] } }

    /// Bytes in the journal's rows, of which some may be in their logs by now.
    var bytes: Int { state.withLock { $0.bytes } }

    /// The number of the row that is written next.
    var nextRow: Int64 { state.withLock { $0.nextRow } }

    /// All of them, for who reads many runs in one snapshot.
    var tails: [JobID: JournalTail] { state.withLock { $0.tails } }

    /// Moves a run's end behind what the journal holds of it. The tail has to be taken before the run is read: between the two it may go to
    /// the log.
    static func complete(_ job: inout StoredJob, _ tail: JournalTail?) {
        guard let tail, tail.row.endOffset > job.head.end.offset else { return }
        job.head.end = tail.row.end
    }

    /// The oldest rows that have to go for the others to have at most `bytes`: how many, the last one's number, and the runs whose present
    /// tails began in them.
    func oldest(leaving bytes: Int) -> (count: Int, last: Int64, runs: [JobID]) {
        state.withLock { state in
            var left = state.bytes
            var runs: [JobID] = []
            var count = 0
            while count < state.rows.count, left > bytes {
                let row = state.rows[count]
                left -= row.bytes
                runs += row.begun.filter { state.tails[$0]?.since == row.number }
                count += 1
            }
            return (count, count == 0 ? 0 : state.rows[count - 1].number, runs)
        }
    }

    /// Takes over what a transaction did, once that is committed.
    func apply(_ changes: JournalChanges) {
        state.withLock { state in
            for (id, tail) in changes.tails { state.tails[id] = tail }
            state.bytes -= state.rows.prefix(changes.droppedRows).reduce(0) { $0 + $1.bytes }
            state.rows.removeFirst(changes.droppedRows)
            guard !changes.records.isEmpty else { return }
            state.rows.append(Row(number: state.nextRow, bytes: changes.records.count, begun: changes.begun))
            state.bytes += changes.records.count
            state.nextRow += 1
        }
    }
}

/// What one transaction does to the journal.
struct JournalChanges {
    /// The row to be written: `JournalRecord`s.
    var records: [UInt8] = []
    /// The runs whose tail begins in it.
    var begun: [JobID] = []
    /// New tails of runs; nil: it went to the log.
    var tails: [JobID: JournalTail?] = [:]
    /// How many of the oldest rows were deleted.
    var droppedRows = 0
}
