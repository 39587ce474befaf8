/// Follows one request from its first byte to its last: the head, then the body by its framing.
struct RequestReader {
    var head = HeadScanner()
    /// Known at the head's end.
    var facts: HeadFacts?
    var chunks: ChunkScanner?
    /// Of a chunked request: its head, and what of its body has come.
    var heldHead: [UInt8] = []
    var body: [UInt8] = []
    /// Bytes of the head that were looked at; at its end, the head's length.
    var headBytes = 0
    /// evhttp has it, or it is refused: what comes now is nobody's.
    var isOver = false
    /// For the rate: bytes that had come when the time was last looked at.
    var bytesAtDeadline = 0
    var bytes = 0

    /// Takes bytes of a chunked body.
    mutating func scanChunks(_ bytes: UnsafeRawBufferPointer) { unsafe chunks?.scan(bytes, into: &body) }
}

/// What is known of a request that is refused, for the headers of the answer.
package struct RefusedHead: Sendable {
    /// GET, HEAD or OPTIONS.
    package var isRead = false
    /// The answer to a HEAD has no body.
    var isHead = false
    /// The `Origin` header; nil where it hasn't come.
    package var origin: String?

    /// Nothing is known.
    init() {}

    /// Reads a request that evhttp has parsed.
    init(_ request: borrowing Request) {
        isRead = [.get, .head, .options].contains(request.method)
        origin = request.header("Origin")
    }

    /// Reads what there is of a head, however malformed.
    init(_ head: UnsafeRawBufferPointer) {
        let lines = unsafe head.split(separator: 0x0A)
        if let first = unsafe lines.first {
            isHead = unsafe first.starts(with: "HEAD ".utf8)
            isRead = isHead || ["GET ", "OPTIONS "].contains { unsafe first.starts(with: $0.utf8) }
        }
        for index in unsafe lines.indices.dropFirst() {
            let line = unsafe lines[index]
            if unsafe line.count > 7, unsafe String(decoding: line.prefix(7), as: UTF8.self).lowercased() == "origin:" {
                let value = unsafe line.dropFirst(7).filter { $0 > 0x20 && $0 < 0x7F }
                origin = String(decoding: value, as: UTF8.self)
                return
            }
        }
    }
}
