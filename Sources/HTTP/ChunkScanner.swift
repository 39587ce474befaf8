/// Decodes a chunked body as its bytes arrive, and takes nothing but the strict form.
///
/// A size line is 1 to 16 hex digits, perhaps `;` and at most 256 bytes of extension, CR LF; a chunk ends with CR LF; there are no trailers.
struct ChunkScanner {
    private enum State {
        case size, extensions, sizeEnd, data, dataReturn, dataEnd, lastReturn, lastEnd, finished
    }

    /// Why the body is refused.
    private(set) var fault: RefusalReason?
    /// Whether the last chunk has come.
    var isFinished: Bool { state == .finished && fault == nil }

    private let limitBytes: Int
    private var state = State.size
    private var digits = 0
    private var size: UInt64 = 0
    private var extensionBytes = 0
    private var left = 0

    /// A body of more than `limitBytes` is refused at the size line that says so.
    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// Appends the data among the next bytes to a body.
    ///
    /// - Complexity: one step a byte.
    mutating func scan(_ bytes: UnsafeRawBufferPointer, into body: inout [UInt8]) {
        var index = 0
        while index < bytes.count, state != .finished {
            if state == .data {
                let count = min(left, bytes.count - index)
                unsafe body.append(contentsOf: bytes[index..<(index + count)])
                left -= count
                index += count
                if left == 0 { state = .dataReturn }
            } else {
                step(unsafe bytes[index], bodyBytes: body.count)
                index += 1
            }
        }
    }

    private mutating func step(_ byte: UInt8, bodyBytes: Int) {
        switch state {
        case .size: sizeByte(byte)
        case .extensions:
            if byte == 0x0D { return state = .sizeEnd }
            extensionBytes += 1
            guard extensionBytes <= Self.extensionLimit, byte >= 0x20 || byte == 0x09, byte != 0x7F else { return fail(.malformed(.chunk)) }
        case .sizeEnd:
            guard byte == 0x0A else { return fail(.malformed(.chunk)) }
            beginChunk(bodyBytes)
        case .dataReturn: expect(byte, 0x0D, then: .dataEnd)
        case .dataEnd: expect(byte, 0x0A, then: .size)
        case .lastReturn: expect(byte, 0x0D, then: .lastEnd)
        case .lastEnd: expect(byte, 0x0A, then: .finished)
        case .data, .finished: break
        }
    }

    private mutating func sizeByte(_ byte: UInt8) {
        if digits > 0, byte == 0x0D { return state = .sizeEnd }
        if digits > 0, byte == UInt8(ascii: ";") { return state = .extensions }
        guard let value = hexValue(byte), digits < Self.digitLimit else { return fail(.malformed(.chunk)) }
        digits += 1
        size = size << 4 | UInt64(value)
    }

    private mutating func beginChunk(_ bodyBytes: Int) {
        guard size <= UInt64(limitBytes - bodyBytes) else { return fail(.bodyTooLarge) }
        left = Int(size)
        state = left == 0 ? .lastReturn : .data
        digits = 0
        size = 0
        extensionBytes = 0
    }

    private mutating func expect(_ byte: UInt8, _ expected: UInt8, then next: State) {
        guard byte == expected else { return fail(.malformed(.chunk)) }
        state = next
    }

    private mutating func fail(_ fault: RefusalReason) {
        self.fault = fault
        state = .finished
    }

    private static let digitLimit = 16
    private static let extensionLimit = 256
}
