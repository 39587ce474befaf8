import GRDB
import Jobs

/// One write transaction under way: its connection, and what is added up until its end. A value on the writer connection's stack.
struct StoreTransaction {
    let db: Database
    /// The number that the next new run gets.
    var nextNumber: Int64
    /// Running ones as the store has them, changes of this transaction included.
    var known: [JobID: KnownRun]
    let journal: Journal
    var changes = JournalChanges()
    private var statements: [(place: UInt, statement: HotStatement)] = []
    private var statusDeltas = [Int](repeating: 0, count: JobStatus.allCases.count)
    private var sessionDeltas: [SessionStatus: Int] = [:]

    private struct SessionStatus: Hashable {
        let sessionID: String
        let status: JobStatus
    }

    init(db: Database, nextNumber: Int64, known: [JobID: KnownRun], journal: Journal) {
        self.db = db
        self.nextNumber = nextNumber
        self.known = known
        self.journal = journal
    }

    /// A statement, looked up once in this transaction: by the literal's place, since GRDB's cache hashes the whole text each time.
    mutating func statement(_ sql: StaticString) throws(StoreError) -> HotStatement {
        let place = unsafe UInt(bitPattern: sql.utf8Start)
        for known in statements where known.place == place { return known.statement.again() }
        let statement = try HotStatement(db, sql.description)
        statements.append((place, statement))
        return statement
    }

    /// Runs a statement with one number in it.
    mutating func run(_ sql: StaticString, _ number: Int64) throws(StoreError) {
        var statement = try statement(sql)
        statement.bind(number)
        try statement.run()
    }

    // MARK: Counters

    /// Notes that a run came to a status (`by` 1) or left it (-1).
    mutating func count(_ status: JobStatus, sessionID: String?, by delta: Int) {
        statusDeltas[Int(status.rawValue)] += delta
        guard let sessionID else { return }
        sessionDeltas[SessionStatus(sessionID: sessionID, status: status), default: 0] += delta
    }

    /// Writes the counters: once per transaction, however many runs it changed.
    mutating func writeCounters() throws(StoreError) {
        for (status, delta) in statusDeltas.enumerated() where delta != 0 {
            var update = try statement(
                "INSERT INTO status_counts VALUES (?, ?) ON CONFLICT (status) DO UPDATE SET count = count + excluded.count")
            update.bind(status)
            update.bind(delta)
            try update.run()
        }
        for (key, delta) in sessionDeltas where delta != 0 {
            var update = try statement(
                "INSERT INTO session_counts VALUES (?, ?, ?) ON CONFLICT (session_id, status) DO UPDATE SET count = count + excluded.count")
            update.bind(key.sessionID)
            update.bind(Int(key.status.rawValue))
            update.bind(delta)
            try update.run()
            guard delta < 0 else { continue }
            var delete = try statement("DELETE FROM session_counts WHERE session_id = ? AND status = ? AND count = 0")
            delete.bind(key.sessionID)
            delete.bind(Int(key.status.rawValue))
            try delete.run()
        }
    }
}

/// The numbers of a log's rows.
enum RowNumber {
    static func first(ofJob number: Int64) -> Int64 { number << StorageSizes.rowBits }
    static func end(ofJob number: Int64) -> Int64 { (number + 1) << StorageSizes.rowBits }
    static let largestJob = Int64.max >> (StorageSizes.rowBits + 1)
}
