import Glibc

/// Bytes as they come from a pipe, as lines: across reads, without their endings (LF, or CR LF), cut at `Limits.lineBytes`.
///
/// A CR alone ends a *frame*, as a progress bar writes them: `10%\r20%\r30%\n` is two frames and a line. A line's last frame is its text, also
/// if nothing stands between its CR and the line's end.
package struct LineSplitter: Sendable {
    /// What a piece of a line is.
    package enum Piece: Sendable, Equatable {
        /// A whole line.
        case line
        /// A frame: more of the line follows.
        case frame
        /// The last frame of a line.
        case lastFrame
    }

    /// The beginning of a line or frame whose end has not been read, at most one byte more than a line may have.
    private var held: [UInt8] = []
    /// How long that is so far, with what was not kept.
    private var length = 0
    /// The last byte was a CR: if LF follows, that ends the line, else the CR ends a frame.
    private var hasReturned = false
    /// The last frame of the line so far, and what was cut off it; nil if the line has none.
    private var lastFrame: (bytes: [UInt8], dropped: Int)?
    /// A CR has come in this line.
    private var isFramed = false

    package init() {}

    /// The frame whose end has not been read: what tqdm, which begins a frame with its CR, shows while it stands still.
    package var openFrame: [UInt8]? { isFramed && (1...Limits.lineBytes).contains(length) ? held : nil }

    /// Takes the next bytes.
    ///
    /// - Parameters:
    ///   - bytes: any number of them, lines or pieces of lines.
    ///   - body: called for each line and frame that ended, with the bytes that were cut off behind what it is given.
    package mutating func feed(_ bytes: RawSpan, _ body: (_ text: RawSpan, _ droppedBytes: Int, _ piece: Piece) -> Void) {
        // One look for a CR in all that was read: output without them costs nothing more.
        guard !isFramed, Self.first(0x0D, in: bytes) == nil else { return feedSlowly(bytes, body) }
        var rest = bytes
        while let index = Self.first(0x0A, in: rest) {
            let end = rest.extracting(0..<index)
            if length == 0 {
                Self.deliver(end, length: index, .line, body)
            } else {
                hold(end)
                deliverHeld(.line, body)
            }
            rest = rest.extracting(index + 1..<rest.byteCount)
        }
        hold(rest)
    }

    /// Says that nothing follows: what was read of a last line without LF is a line too.
    package mutating func finish(_ body: (_ text: RawSpan, _ droppedBytes: Int, _ piece: Piece) -> Void) {
        hasReturned = false
        if length > 0 || lastFrame != nil { endLine(body) }
    }

    /// Bytes with CRs in them.
    private mutating func feedSlowly(_ bytes: RawSpan, _ body: (RawSpan, Int, Piece) -> Void) {
        var rest = bytes
        while rest.byteCount > 0 {
            if hasReturned {
                hasReturned = false
                if rest.byte(at: 0) == 0x0A {
                    endLine(body)
                    rest = rest.extracting(1..<rest.byteCount)
                    continue
                }
                endFrame(body)
            }
            let returnIndex = Self.first(0x0D, in: rest)
            let feedIndex = Self.first(0x0A, in: rest.extracting(0..<(returnIndex ?? rest.byteCount)))
            guard let index = feedIndex ?? returnIndex else { return hold(rest) }
            hold(rest.extracting(0..<index))
            if feedIndex == nil {
                hasReturned = true
                isFramed = true
            } else {
                endLine(body)
            }
            rest = rest.extracting(index + 1..<rest.byteCount)
        }
    }

    private mutating func endFrame(_ body: (RawSpan, Int, Piece) -> Void) {
        guard length > 0 else { return }
        var frame: (bytes: [UInt8], dropped: Int)?
        deliverHeld(.frame) { text, dropped, piece in
            frame = (unsafe text.withUnsafeBytes { unsafe Array($0) }, dropped)
            body(text, dropped, piece)
        }
        lastFrame = frame
    }

    private mutating func endLine(_ body: (RawSpan, Int, Piece) -> Void) {
        isFramed = false
        guard let frame = lastFrame else { return deliverHeld(.line, body) }
        lastFrame = nil
        if length > 0 { deliverHeld(.lastFrame, body) } else { unsafe body(frame.bytes.span.bytes, frame.dropped, .lastFrame) }
    }

    private mutating func hold(_ bytes: RawSpan) {
        guard bytes.byteCount > 0 else { return }
        let room = Limits.lineBytes + 1 - held.count
        if room > 0 {
            let kept = bytes.extracting(0..<min(room, bytes.byteCount))
            unsafe kept.withUnsafeBytes { unsafe held.append(contentsOf: $0) }
        }
        length += bytes.byteCount
    }

    private mutating func deliverHeld(_ piece: Piece, _ body: (RawSpan, Int, Piece) -> Void) {
        var bytes: [UInt8] = []
        swap(&bytes, &held)
        unsafe Self.deliver(bytes.span.bytes, length: length, piece, body)
        // A long line's memory is given back: there may be many runners.
        bytes.removeAll(keepingCapacity: bytes.count <= 4096)
        swap(&bytes, &held)
        length = 0
    }

    @inline(__always)
    private static func deliver(_ bytes: RawSpan, length: Int, _ piece: Piece, _ body: (RawSpan, Int, Piece) -> Void) {
        let kept = length <= Limits.lineBytes ? length : UTF8Check.boundary(in: bytes, atOrBefore: Limits.lineBytes)
        body(bytes.extracting(0..<kept), length - kept, piece)
    }

    @inline(__always)
    private static func first(_ byte: Int32, in bytes: RawSpan) -> Int? {
        unsafe bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress, let found = unsafe memchr(base, byte, buffer.count) else { return nil }
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
