import CLibevent
import Glibc

/// The time as HTTP writes it (RFC 9110, 5.6.7), formatted at most once a second. Confined to a loop.
struct DateHeader {
    private var second = 0
    private var formatted = ""

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    var text: String {
        mutating get {
            let now = time(nil)
            guard now != second || formatted.isEmpty else { return formatted }
            second = now
            formatted = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Self.capacity) { buffer in
                unsafe evutil_date_rfc1123(buffer.baseAddress, buffer.count, nil)
                return unsafe buffer.baseAddress.map { unsafe String(cString: $0) } ?? ""
            }
            return formatted
        }
    }

    private static let capacity = 50
}
