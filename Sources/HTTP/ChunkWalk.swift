/// Finds its way through a log's bytes, which are HTTP/1.1 chunks: `<hex>\r\n`, the payload, `\r\n`.
enum ChunkWalk {
    /// One chunk's place.
    struct Chunk {
        /// All of it, its size line included.
        let count: Int
        /// The payload's place in it.
        let payload: Range<Int>
    }

    /// Reads the size line at an offset, where a chunk must begin.
    static func chunk(in bytes: UnsafeRawBufferPointer, at offset: Int) -> Chunk {
        var size = 0
        var index = offset
        while index < bytes.count, let digit = unsafe hexValue(bytes[index]) {
            size = size << 4 | Int(digit)
            index += 1
            precondition(index - offset <= 8, "a log's chunk size has more than 8 digits")
        }
        let isSizeLine = unsafe index > offset && index < bytes.count && bytes[index] == 0x0D
        precondition(isSizeLine, "a log's bytes are not chunks at offset \(offset)")
        let start = index + 2
        return Chunk(count: start + size + 2 - offset, payload: start..<(start + size))
    }

    /// What a send of the first bytes amounts to, from a chunk's beginning.
    ///
    /// Returns how many chunks it sends whole, and how many bytes of the last one are missing.
    static func measure(_ bytes: UnsafeRawBufferPointer, sent: Int) -> (whole: Int, missing: Int) {
        var offset = 0
        var whole = 0
        while offset < sent {
            offset += unsafe chunk(in: bytes, at: offset).count
            if offset <= sent { whole += 1 }
        }
        return (whole, offset - sent)
    }

    /// A payload in chunk framing; nothing for an empty one, which would be the last chunk.
    static func frame(_ payload: [UInt8]) -> [UInt8] {
        guard !payload.isEmpty else { return [] }
        return Array(String(payload.count, radix: 16).utf8) + [0x0D, 0x0A] + payload + [0x0D, 0x0A]
    }

    /// What ends a response.
    static let last = Array("0\r\n\r\n".utf8)
}
