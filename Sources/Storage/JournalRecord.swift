import Jobs

/// One run's part of a row of the journal: the run's number and id, first and last sequence number, offset and length as little-endian 64-bit
/// numbers, then the frames.
struct JournalRecord {
    /// Tells a run from a later one that was given the same id after the first was deleted.
    let number: Int64
    let id: JobID
    let row: LogRow

    private static let headerNumbers = 6
    private static let headerBytes = headerNumbers * 8

    func append(to bytes: inout [UInt8]) {
        Self.append(UInt64(number), to: &bytes)
        Self.append(id.bits, to: &bytes)
        Self.append(row.firstSequence, to: &bytes)
        Self.append(row.lastSequence, to: &bytes)
        Self.append(UInt64(row.startOffset), to: &bytes)
        Self.append(UInt64(row.bytes.count), to: &bytes)
        bytes += row.bytes
    }

    private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        unsafe withUnsafeBytes(of: number.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// The records of a row.
    /// - Throws: `damaged` when the bytes are no whole records.
    static func all(in bytes: [UInt8]) throws(StoreError) -> [JournalRecord] {
        var records: [JournalRecord] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard rest.count >= headerBytes else { throw .damaged("the journal has half a record") }
            let numbers = (0..<headerNumbers).map { index in
                rest.dropFirst(index * 8).prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            rest = rest.dropFirst(headerBytes)
            let places = UInt64(StoredBounds.place.lowerBound)...UInt64(StoredBounds.place.upperBound)
            guard let number = Int64(exactly: numbers[0]), let start = Int(exactly: numbers[4]), let count = Int(exactly: numbers[5]),
                number <= RowNumber.largestJob, [numbers[2], numbers[3], numbers[4]].allSatisfy(places.contains), count <= rest.count
            else {
                throw .damaged("the journal has half a record")
            }
            records.append(
                JournalRecord(
                    number: number, id: JobID(bits: numbers[1]),
                    row: LogRow(firstSequence: numbers[2], lastSequence: numbers[3], startOffset: start, bytes: Array(rest.prefix(count)))))
            rest = rest.dropFirst(count)
        }
        return records
    }
}
