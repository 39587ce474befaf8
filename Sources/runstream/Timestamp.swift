import Support

/// The server's times, ISO 8601 in UTC, and how long ago they are. Pure.
package enum Timestamp {
    /// - Returns: seconds since 1970; nil for what is no such time.
    package static func seconds(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == 0x5A, [4: 0x2D, 7: 0x2D, 10: 0x54, 13: 0x3A, 16: 0x3A].allSatisfy({ bytes[$0] == $1 }) else {
            return nil
        }
        func field(_ range: Range<Int>) -> Int? { Int(outside: String(decoding: bytes[range], as: UTF8.self), in: 0...9999) }
        guard let year = field(0..<4), let month = field(5..<7), let day = field(8..<10), let hour = field(11..<13),
            let minute = field(14..<16),
            let second = field(17..<19), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        return ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    }

    /// The largest whole unit: `5s`, `3m`, `2h`, `4d`.
    package static func age(of text: String, now: Int) -> String {
        guard let then = seconds(text) else { return "-" }
        return span(max(0, now - then))
    }

    /// A span of time, not negative, in its largest whole unit.
    package static func span(_ seconds: Int) -> String {
        switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m"
        case ..<86_400: "\(seconds / 3600)h"
        default: "\(seconds / 86_400)d"
        }
    }

    /// Days since 1970 in the Gregorian calendar: years are counted from March, so that the leap day comes last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
