import CLibevent
import Glibc

/// Puts a response's headers into evhttp's list.
enum HeaderText {
    /// Names and values up to this length together are copied to the stack; Swift's own bridge to C strings allocates for each short one.
    private static let stackBytes = 512

    /// Adds one header; evhttp copies both texts, and leaves out what has CR or LF in it.
    static func add(_ name: String, _ value: String, to headers: UnsafeMutablePointer<evkeyvalq>?) {
        let nameCount = name.utf8.count
        let count = nameCount + value.utf8.count + 2
        guard count <= stackBytes else {
            unsafe evhttp_add_header(headers, name, value)
            return
        }
        unsafe withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { buffer in
            guard let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
            unsafe copy(name, to: start)
            unsafe copy(value, to: start + nameCount + 1)
            unsafe evhttp_add_header(headers, start, start + nameCount + 1)
        }
    }

    private static func copy(_ text: String, to start: UnsafeMutablePointer<CChar>) {
        var text = text
        text.withUTF8 { bytes in
            if let source = bytes.baseAddress { unsafe memcpy(start, source, bytes.count) }
            unsafe start[bytes.count] = 0
        }
    }
}
