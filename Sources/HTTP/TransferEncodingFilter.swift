/// Hides `Transfer-Encoding` from evhttp as the head arrives, so that evhttp never reads chunks.
///
/// evhttp looks for the end of a chunk-size line in its whole buffer, again at each read. A line that never ends keeps the loop busy
/// for as long as bytes come, and long after. A coding is refused anyway (411), and now at the end of the head: a header whose name
/// evhttp doesn't know announces no body.
///
/// A line begins behind each LF and the head ends at the first empty line, with or without CR: that is how evhttp reads it, also in a
/// head that `HeadScanner` has found a fault in.
struct TransferEncodingFilter {
    /// True once a header of that name, or one that begins so, has come.
    private(set) var hasFound = false
    /// Letters of the name that this line began with; -1 once it differs.
    private var matched = 0
    private var lineBytes = 0
    private var previous: UInt8 = 0
    private var isRequestLine = true
    private var hasEnded = false

    /// Looks at the next bytes of the request, and changes the name's last letter where it stands.
    ///
    /// - Complexity: one step a byte of the head; bytes behind the head aren't looked at.
    mutating func hide(in bytes: UnsafeMutableRawBufferPointer) {
        var index = 0
        while index < bytes.count, !hasEnded {
            let byte = unsafe bytes[index]
            if byte == 0x0A {
                endLine()
            } else {
                lineBytes += 1
                previous = byte
                if matched >= 0, match(byte) {
                    hasFound = true
                    unsafe bytes[index] = UInt8(ascii: "x")
                }
            }
            index += 1
        }
    }

    private mutating func endLine() {
        let isEmpty = lineBytes == 0 || (lineBytes == 1 && previous == 0x0D)
        hasEnded = isEmpty && !isRequestLine
        isRequestLine = false
        lineBytes = 0
        matched = 0
    }

    /// - Returns: whether this byte is the last one of the name.
    private mutating func match(_ byte: UInt8) -> Bool {
        let name: StaticString = "transfer-encoding"
        let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
        guard unsafe lower == name.utf8Start[matched] else {
            matched = -1
            return false
        }
        matched += 1
        guard matched == name.utf8CodeUnitCount else { return false }
        matched = -1
        return true
    }
}
