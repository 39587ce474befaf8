/// An event as bytes: Server-Sent Events inside HTTP/1.1 chunk framing, made once and never copied per viewer.
///
/// `<hex>\r\nid: 7\ndata: {"event": ...}\n\n\r\n`: the chunk size in lower-case hex counts what lies between its CR LF and the closing CR LF.
/// The third step in an event's life: `RunnerLine` made the envelope, `Job` numbers it here, `EventLog` keeps and publishes it.
package enum EventFrame {
    /// What ends a log: the data of its last event.
    package static let done: [UInt8] = Array("[DONE]".utf8)

    /// The length of the frame that `write` makes, in bytes.
    package static func length(sequence: UInt64, dataLength: Int) -> Int {
        let content = contentLength(sequence: sequence, dataLength: dataLength)
        return hexDigits(content) + 2 + content + 2
    }

    /// Writes one frame of `length(sequence:dataLength:)` bytes to `start`, which must have room for it.
    @inline(__always)
    static func write(sequence: UInt64, data: UnsafeRawBufferPointer, to start: UnsafeMutableRawPointer) {
        let content = contentLength(sequence: sequence, dataLength: data.count)
        var cursor = unsafe start
        unsafe putHex(content, to: &cursor)
        unsafe put(0x0D, to: &cursor)
        unsafe put(0x0A, to: &cursor)
        unsafe putText("id: ", to: &cursor)
        unsafe putDecimal(sequence, to: &cursor)
        unsafe putText("\ndata: ", to: &cursor)
        if let source = data.baseAddress {
            unsafe cursor.copyMemory(from: source, byteCount: data.count)
            unsafe cursor += data.count
        }
        unsafe putText("\n\n\r\n", to: &cursor)
    }

    private static func contentLength(sequence: UInt64, dataLength: Int) -> Int {
        // "id: " + digits + "\ndata: " + data + "\n\n"
        4 + decimalDigits(sequence) + 7 + dataLength + 2
    }

    private static func decimalDigits(_ value: UInt64) -> Int {
        var digits = 1
        var rest = value / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        return digits
    }

    private static func hexDigits(_ value: Int) -> Int {
        max(1, (Int.bitWidth - value.leadingZeroBitCount + 3) / 4)
    }

    @inline(__always)
    private static func put(_ byte: UInt8, to cursor: inout UnsafeMutableRawPointer) {
        unsafe cursor.storeBytes(of: byte, as: UInt8.self)
        unsafe cursor += 1
    }

    @inline(__always)
    private static func putText(_ text: StaticString, to cursor: inout UnsafeMutableRawPointer) {
        unsafe cursor.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        unsafe cursor += text.utf8CodeUnitCount
    }

    @inline(__always)
    private static func putHex(_ value: Int, to cursor: inout UnsafeMutableRawPointer) {
        for digit in stride(from: hexDigits(value) - 1, through: 0, by: -1) {
            let nibble = UInt8(truncatingIfNeeded: value >> (digit * 4)) & 0xF
            unsafe put(nibble < 10 ? 0x30 + nibble : 0x57 + nibble, to: &cursor)
        }
    }

    @inline(__always)
    private static func putDecimal(_ value: UInt64, to cursor: inout UnsafeMutableRawPointer) {
        let digits = decimalDigits(value)
        var rest = value
        for index in stride(from: digits - 1, through: 0, by: -1) {
            unsafe cursor.storeBytes(of: 0x30 + UInt8(rest % 10), toByteOffset: index, as: UInt8.self)
            rest /= 10
        }
        unsafe cursor += digits
    }
}

/// Walks frames: bytes that begin at a frame boundary and end at one.
@unsafe package struct FrameReader {
    /// One frame's place, as offsets into the bytes that are walked.
    package struct Frame: Equatable {
        package let sequence: UInt64
        /// The whole frame.
        package let range: Range<Int>
        /// What stands between the chunk framing: `id: 7\ndata: {...}\n\n`.
        package let content: Range<Int>
        /// The event's data: an envelope or `[DONE]`.
        package let data: Range<Int>
    }

    private let bytes: UnsafeRawBufferPointer
    /// Where the next frame begins.
    package private(set) var offset = 0

    package init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = bytes
    }

    /// The next frame; nil at the end, and at anything that is no whole frame.
    package mutating func next() -> Frame? {
        var at = unsafe offset
        guard let size = unsafe readHex(&at), unsafe at + 2 + size + 2 <= bytes.count else { return nil }
        let content = at + 2..<at + 2 + size
        at = content.lowerBound + 4
        var sequence: UInt64 = 0
        while at < content.upperBound {
            let digit = unsafe bytes[at] &- 0x30
            guard digit < 10 else { break }
            sequence = sequence &* 10 &+ UInt64(digit)
            at += 1
        }
        let data = at + 7
        guard data + 2 <= content.upperBound else { return nil }
        let frame = unsafe Frame(
            sequence: sequence, range: offset..<content.upperBound + 2, content: content, data: data..<content.upperBound - 2)
        unsafe offset = frame.range.upperBound
        return frame
    }

    /// Whether bytes are whole frames and nothing else, with their framing in place: what a sender walks without looking again.
    package static func areWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var reader = unsafe FrameReader(bytes)
        while let frame = unsafe reader.next() {
            let (content, end) = (frame.content, frame.range.upperBound)
            let isFramed =
                unsafe bytes[content.lowerBound - 2] == 0x0D && bytes[content.lowerBound - 1] == 0x0A && bytes[end - 2] == 0x0D
                && bytes[end - 1] == 0x0A
            guard isFramed else { return false }
        }
        return unsafe reader.offset == bytes.count
    }

    private func readHex(_ at: inout Int) -> Int? {
        var value = 0
        let start = at
        while unsafe at < bytes.count, at - start < 8 {
            let byte = unsafe bytes[at]
            switch byte {
            case 0x30...0x39: value = value << 4 | Int(byte - 0x30)
            case 0x61...0x66: value = value << 4 | Int(byte - 0x57)
            default: return at > start ? value : nil
            }
            at += 1
        }
        return nil
    }
}
