import Jobs

/// One run's part of a row of the journal: run, first and last sequence number, offset and length as little-endian 64-bit numbers, then the
/// frames.
struct JournalRecord {
    let id: JobID
    let row: LogRow

    private static let headerBytes = 40

    func append(to bytes: inout [UInt8]) {
        for number in [id.bits, row.firstSequence, row.lastSequence, UInt64(row.startOffset), UInt64(row.bytes.count)] {
            unsafe withUnsafeBytes(of: number.littleEndian) { unsafe bytes.append(contentsOf: $0) }
        }
        bytes += row.bytes
    }

    /// The records of a row.
    /// - Throws: `damaged` when the bytes are no whole records.
    static func all(in bytes: [UInt8]) throws(StoreError) -> [JournalRecord] {
        var records: [JournalRecord] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard rest.count >= headerBytes else { throw .damaged("the journal has half a record") }
            let numbers = (0..<5).map { index in
                rest.dropFirst(index * 8).prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            rest = rest.dropFirst(headerBytes)
            guard let start = Int(exactly: numbers[3]), let count = Int(exactly: numbers[4]), count <= rest.count else {
                throw .damaged("the journal has half a record")
            }
            records.append(
                JournalRecord(
                    id: JobID(bits: numbers[0]),
                    row: LogRow(firstSequence: numbers[1], lastSequence: numbers[2], startOffset: start, bytes: Array(rest.prefix(count)))))
            rest = rest.dropFirst(count)
        }
        return records
    }
}
