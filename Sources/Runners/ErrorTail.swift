/// The last lines of a run's stderr: at most `Limits.tailLines` lines and `Limits.tailBytes` bytes.
struct ErrorTail {
    /// Lines, each with an LF behind it; more than is needed, and cut down now and then.
    private var bytes: [UInt8] = []

    /// Adds a line, without its ending. A longer one than fits loses its end.
    mutating func append(_ line: UnsafeBufferPointer<UInt8>) {
        var end = min(line.count, Limits.tailBytes)
        // Not within a character.
        while end < line.count, end > Limits.tailBytes - 4, unsafe line[end] & 0xC0 == 0x80 { end -= 1 }
        unsafe bytes.append(contentsOf: line.prefix(end))
        bytes.append(0x0A)
        if bytes.count > 4 * Limits.tailBytes { bytes.removeFirst(bytes.count - 2 * Limits.tailBytes) }
    }

    /// The lines that fit, joined by LF.
    var text: String {
        var start = bytes.count
        for _ in 0..<Limits.tailLines where start > 0 {
            let before = bytes[..<(start - 1)].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            // One more than that: the last LF is left out.
            guard bytes.count - before <= Limits.tailBytes + 1 else { break }
            start = before
        }
        let text = String(decoding: bytes[start...].dropLast(), as: UTF8.self)
        // Bytes that are no UTF-8 have become three each.
        guard text.utf8.count > Limits.tailBytes else { return text }
        let end = text.utf8.suffix(Limits.tailBytes).drop { $0 & 0xC0 == 0x80 }
        // From a line's beginning, if one begins there.
        let whole = end.firstIndex(of: 0x0A).map { end[end.index(after: $0)...] }
        return String(decoding: whole ?? end, as: UTF8.self)
    }
}
