import CLibevent
import Glibc

/// A system call that failed.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The call's name, as in its manual page.
    package let call: String

    /// The `errno` it left, or 0 where it leaves none (libevent's own calls).
    package let code: Int32

    /// Text for a person that replaces the one of `code`, for calls with error codes of their own.
    private let text: String?

    /// A failed call with its error; by default the thread's current `errno`.
    package init(_ call: String, code: Int32 = errno) {
        self.call = call
        self.code = code
        text = nil
    }

    /// A failed call that explains itself.
    init(_ call: String, text: String) {
        self.call = call
        code = 0
        self.text = text
    }

    package var description: String {
        if let text { return "\(call): \(text)" }
        guard code != 0 else { return "\(call) failed" }
        return "\(call): \(Self.message(code))"
    }

    private static func message(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        // The POSIX form: fills the buffer, 0 for success.
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
