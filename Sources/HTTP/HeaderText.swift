import CLibevent
import Glibc

/// Puts a response's headers into evhttp's list.
///
/// As few entries as evhttp looks for by name: `Date`, behind which all others go as further lines of the same entry, then `Content-Length`
/// and `Connection`. Each entry of its own would cost 2,000 instructions, a twentieth of what a short request costs.
enum HeaderText {
    /// Adds the date and a response's own headers. One with CR, LF or NUL in it is left out, as evhttp would.
    static func add(date: String, _ fields: [(name: String, value: String)], to headers: UnsafeMutablePointer<evkeyvalq>?) {
        var capacity = date.utf8.count
        for field in fields { capacity += field.name.utf8.count + field.value.utf8.count + 4 }
        unsafe withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
            var count = unsafe copy(date, to: buffer, at: 0)
            for (name, value) in fields {
                var end = unsafe copy("\r\n", to: buffer, at: count)
                let start = end
                end = unsafe copy(name, to: buffer, at: end)
                end = unsafe copy(": ", to: buffer, at: end)
                end = unsafe copy(value, to: buffer, at: end)
                if unsafe isClean(buffer, start..<end) { count = end }
            }
            unsafe rs_evhttp_add_lines(headers, "Date", buffer.baseAddress?.assumingMemoryBound(to: CChar.self), count)
        }
    }

    private static func copy(_ text: String, to buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        var text = text
        return text.withUTF8 { bytes in
            if let start = buffer.baseAddress, let source = bytes.baseAddress { unsafe memcpy(start + offset, source, bytes.count) }
            return offset + bytes.count
        }
    }

    private static func isClean(_ buffer: UnsafeMutableRawBufferPointer, _ line: Range<Int>) -> Bool {
        for index in line where unsafe buffer[index] < 0x20 && buffer[index] != 0x09 { return false }
        return true
    }
}
