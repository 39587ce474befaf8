import Support

/// A moment of wall-clock time, in microseconds since 1970-01-01 UTC. The core is handed one wherever it needs to know the time.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    package static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(microseconds: left.microseconds.addingWithoutOverflow(right.inMicroseconds))
    }

    /// The time from `right` to `left`; negative if `left` is earlier.
    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microseconds.subtractingWithoutOverflow(right.microseconds))
    }

    /// ISO 8601 in UTC with microseconds and `Z`, 27 characters: `2026-01-31T09:05:00.000123Z`.
    package var iso8601: String {
        var bytes = [UInt8]()
        bytes.reserveCapacity(27)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the 27 bytes of `iso8601`. Years outside 0...9999 are clamped.
    package func append(to bytes: inout [UInt8]) {
        let clamped = min(max(microseconds, -62_167_219_200_000_000), 253_402_300_799_999_999)
        let (second, micro) = clamped.dividedFloor(by: 1_000_000)
        let (day, secondOfDay) = second.dividedFloor(by: 86_400)
        let date = Self.civil(day)
        Self.put(date.year, from: 1000, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.put(date.month, from: 10, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.put(date.day, from: 10, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        Self.put(secondOfDay / 3600, from: 10, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.put(secondOfDay / 60 % 60, from: 10, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.put(secondOfDay % 60, from: 10, to: &bytes)
        bytes.append(UInt8(ascii: "."))
        Self.put(micro, from: 100_000, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// Appends decimal digits, the first of them that of `divisor`. No nested function: one that captured `bytes` took ten times as long.
    private static func put(_ value: Int64, from divisor: Int64, to bytes: inout [UInt8]) {
        var divisor = divisor
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }

    /// Days since 1970-01-01 as a date of the proleptic Gregorian calendar (Howard Hinnant's `civil_from_days`).
    private static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

extension Duration {
    /// Whole microseconds, towards zero; cut to what 64 bits hold (292,000 years).
    package var inMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        return product.addingWithoutOverflow(attoseconds / 1_000_000_000_000)
    }
}

extension Int64 {
    fileprivate func dividedFloor(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
