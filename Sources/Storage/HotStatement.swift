import GRDB
import GRDBSQLite
import Jobs

/// A cached statement that is bound, stepped and read without GRDB's rows and values: three times as fast, for what runs at every commit.
///
/// Used on the connection's own queue, within the access that gave the connection. `reset` when done: a statement in mid-step holds its
/// snapshot.
@safe struct HotStatement {
    /// Keeps the pointer alive.
    private let statement: Statement
    private let pointer: OpaquePointer
    private var parameter: Int32 = 0

    init(_ db: Database, _ sql: String) throws(StoreError) {
        do {
            statement = try db.cachedStatement(sql: sql)
        } catch {
            throw StoreError(error)
        }
        unsafe pointer = statement.sqliteStatement
        unsafe sqlite3_reset(pointer)
    }

    /// The same statement from the start, to be bound anew.
    func again() -> HotStatement {
        reset()
        var again = self
        again.parameter = 0
        return again
    }

    // MARK: Parameters, in their order

    mutating func bind(_ value: Int64) {
        parameter += 1
        unsafe sqlite3_bind_int64(pointer, parameter, value)
    }

    mutating func bind(_ value: Int) { bind(Int64(value)) }
    mutating func bind(_ value: UInt64) { bind(Int64(bitPattern: value)) }

    mutating func bind(_ value: Timestamp?) {
        guard let value else { return bindNull() }
        bind(value.microseconds)
    }

    mutating func bind(_ text: String?) {
        guard var text else { return bindNull() }
        parameter += 1
        text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                // A null pointer would bind NULL.
                guard let start = characters.baseAddress else {
                    unsafe sqlite3_bind_text(pointer, parameter, "", 0, Self.copied)
                    return
                }
                unsafe sqlite3_bind_text(pointer, parameter, start, Int32(characters.count), Self.copied)
            }
        }
    }

    private mutating func bindNull() {
        parameter += 1
        unsafe sqlite3_bind_null(pointer, parameter)
    }

    /// `SQLITE_TRANSIENT`, a macro that Swift does not import: SQLite makes its own copy.
    private static var copied: sqlite3_destructor_type { unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    // MARK: Steps

    /// - Returns: whether there is a row; after the last one the statement is reset.
    func step() throws(StoreError) -> Bool {
        let code = unsafe sqlite3_step(pointer)
        if code == SQLITE_ROW { return true }
        let error = code == SQLITE_DONE ? nil : unsafe StoreError(code: code, connection: sqlite3_db_handle(pointer))
        unsafe sqlite3_reset(pointer)
        if let error { throw error }
        return false
    }

    /// Runs a statement that returns nothing.
    func run() throws(StoreError) {
        while try step() {}
    }

    /// Binds a blob as the last parameter and runs. SQLite reads it where it lies.
    mutating func run(binding blob: [UInt8]) throws(StoreError) {
        parameter += 1
        let index = parameter
        let outcome = unsafe blob.withUnsafeBytes { bytes -> Result<Void, StoreError> in
            if unsafe bytes.isEmpty {
                unsafe sqlite3_bind_zeroblob(pointer, index, 0)
            } else {
                unsafe sqlite3_bind_blob(pointer, index, bytes.baseAddress, Int32(bytes.count), nil)
            }
            defer { unsafe sqlite3_bind_null(pointer, index) }
            return Result { () throws(StoreError) in try run() }
        }
        try outcome.get()
    }

    /// Gives its snapshot back. Not needed after `step` has returned false or thrown.
    func reset() {
        unsafe sqlite3_reset(pointer)
    }

    // MARK: The row's columns, from 0

    func int(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(pointer, column) }
    func unsigned(_ column: Int32) -> UInt64 { UInt64(bitPattern: int(column)) }
    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(pointer, column) == SQLITE_NULL }
    func time(_ column: Int32) -> Timestamp? { isNull(column) ? nil : moment(column) }

    /// A time; one outside the years 0 to 9999 counts as the nearer end.
    func moment(_ column: Int32) -> Timestamp {
        Timestamp(microseconds: min(max(int(column), StoredBounds.time.lowerBound), StoredBounds.time.upperBound))
    }

    /// A number within bounds.
    ///
    /// - Throws: `damaged` for any other.
    func int(_ column: Int32, in bounds: ClosedRange<Int64>) throws(StoreError) -> Int {
        let value = int(column)
        guard bounds.contains(value) else { throw .damaged("a row of the database holds the number \(value), which cannot be") }
        return Int(value)
    }

    /// A sequence number or an epoch; throws `damaged` for what cannot be one.
    func place(_ column: Int32) throws(StoreError) -> UInt64 { UInt64(try int(column, in: StoredBounds.place)) }

    /// The number of a run; throws `damaged` for what cannot be one.
    func jobNumber(_ column: Int32) throws(StoreError) -> Int64 { Int64(try int(column, in: 0...RowNumber.largestJob)) }

    func text(_ column: Int32) -> String? {
        guard let start = unsafe sqlite3_column_text(pointer, column) else { return nil }
        let count = unsafe Int(sqlite3_column_bytes(pointer, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// Appends a blob's bytes.
    func append(_ column: Int32, to bytes: inout [UInt8]) {
        guard let start = unsafe sqlite3_column_blob(pointer, column) else { return }
        let count = unsafe Int(sqlite3_column_bytes(pointer, column))
        unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
    }
}

extension StoreError {
    /// What SQLite says, sorted into what is worth trying again and what is not.
    init(code: Int32, connection: OpaquePointer?) {
        let message = unsafe sqlite3_errmsg(connection).map { unsafe String(cString: $0) } ?? "no message"
        self.init(code: code, message: message)
    }

    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(code: error.extendedResultCode.rawValue, message: error.message ?? "no message")
        default: self = .unavailable("\(error)")
        }
    }

    private init(code: Int32, message: String) {
        switch code & 0xFF {
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .damaged("SQLite: \(message)")
        default: self = .unavailable("SQLite: \(message) (code \(code))")
        }
    }
}

/// Runs what GRDB runs and gives its errors the store's type.
func storeErrors<Result>(_ body: () throws -> Result) throws(StoreError) -> Result {
    do { return try body() } catch { throw StoreError(error) }
}
