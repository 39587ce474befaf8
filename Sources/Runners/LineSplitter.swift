import Glibc

/// Bytes as they come from a pipe, as lines: across reads, without their endings (LF, or CR LF), cut at `Limits.lineBytes`.
package struct LineSplitter: Sendable {
    /// The beginning of a line whose end has not been read: at most one byte more than a line may have, to tell CR LF from a line that is
    /// too long.
    private var held: [UInt8] = []
    /// How long that line is so far, with what was not kept.
    private var length = 0
    private var lastByte: UInt8 = 0

    package init() {}

    /// Takes the next bytes.
    ///
    /// - Parameters:
    ///   - bytes: any number of them, lines or pieces of lines.
    ///   - body: called for each line that ended, with the bytes that were cut off behind what it is given.
    package mutating func feed(_ bytes: RawSpan, _ body: (_ line: RawSpan, _ droppedBytes: Int) -> Void) {
        var rest = bytes
        while let index = Self.firstLineFeed(in: rest) {
            let end = rest.extracting(0..<index)
            if length == 0 {
                Self.deliver(end, length: index, endsWithLineFeed: true, lastByte: index > 0 ? end.byte(at: index - 1) : 0, body)
            } else {
                hold(end)
                deliverHeld(endsWithLineFeed: true, body)
            }
            rest = rest.extracting(index + 1..<rest.byteCount)
        }
        hold(rest)
    }

    /// Says that nothing follows: what was read of a last line without LF is a line too.
    package mutating func finish(_ body: (_ line: RawSpan, _ droppedBytes: Int) -> Void) {
        guard length > 0 else { return }
        deliverHeld(endsWithLineFeed: false, body)
    }

    private mutating func hold(_ bytes: RawSpan) {
        guard bytes.byteCount > 0 else { return }
        let room = Limits.lineBytes + 1 - held.count
        if room > 0 {
            let kept = bytes.extracting(0..<min(room, bytes.byteCount))
            unsafe kept.withUnsafeBytes { unsafe held.append(contentsOf: $0) }
        }
        length += bytes.byteCount
        lastByte = bytes.byte(at: bytes.byteCount - 1)
    }

    private mutating func deliverHeld(endsWithLineFeed: Bool, _ body: (RawSpan, Int) -> Void) {
        unsafe Self.deliver(held.span.bytes, length: length, endsWithLineFeed: endsWithLineFeed, lastByte: lastByte, body)
        // A long line's memory is given back: there may be many runners.
        held.removeAll(keepingCapacity: held.count <= 4096)
        length = 0
    }

    @inline(__always)
    private static func deliver(_ bytes: RawSpan, length: Int, endsWithLineFeed: Bool, lastByte: UInt8, _ body: (RawSpan, Int) -> Void) {
        let content = endsWithLineFeed && length > 0 && lastByte == UInt8(ascii: "\r") ? length - 1 : length
        let kept = content <= Limits.lineBytes ? content : UTF8Check.boundary(in: bytes, atOrBefore: Limits.lineBytes)
        body(bytes.extracting(0..<kept), content - kept)
    }

    @inline(__always)
    private static func firstLineFeed(in bytes: RawSpan) -> Int? {
        unsafe bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress, let found = unsafe memchr(base, 0x0A, buffer.count) else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }
}

extension RawSpan {
    /// One byte. Bounds are checked.
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}

extension UTF8Check {
    /// Where a text may be cut so that no character is torn: `limit`, or up to three bytes before it.
    ///
    /// - Parameters:
    ///   - bytes: more than `limit` of them.
    ///   - limit: the first byte that need not fit.
    /// - Returns: how many bytes to keep; where they are no UTF-8 at the limit, all up to it.
    static func boundary(in bytes: RawSpan, atOrBefore limit: Int) -> Int {
        guard bytes.byte(at: limit) & 0xC0 == 0x80 else { return limit }
        var index = limit - 1
        while index > max(limit - 3, 0), bytes.byte(at: index) & 0xC0 == 0x80 { index -= 1 }
        guard index >= 0 else { return limit }
        let length: Int
        switch bytes.byte(at: index) {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return limit
        }
        return index + length > limit ? index : limit
    }
}
