// The one way to turn text from outside into a number. Everything that a client, a runner, a file, a server or the database says goes
// through here: no input traps, and every result lies in a range that the caller names. `scripts/check.sh` forbids the raw conversions.

extension FixedWidthInteger {
    /// Reads a decimal number: an optional `-`, then digits alone.
    ///
    /// - Parameters:
    ///   - text: from anywhere, of any length.
    ///   - range: what the caller can work with.
    ///
    /// Nil if the text isn't such a number, or if the number is outside the range.
    package init?(outside text: some StringProtocol, in range: ClosedRange<Self>) {
        guard case .number(let number) = Self.reading(text), range.contains(number) else { return nil }
        self = number
    }

    /// Reads a decimal number as above; a number outside the range counts as the nearer end.
    ///
    /// Nil if the text isn't a number.
    package init?(outside text: some StringProtocol, clampedTo range: ClosedRange<Self>) {
        switch Self.reading(text) {
        case .number(let number): self = Swift.min(Swift.max(number, range.lowerBound), range.upperBound)
        case .tooLarge: self = range.upperBound
        case .tooSmall: self = range.lowerBound
        case .malformed: return nil
        }
    }

    /// Takes over a whole number.
    ///
    /// Nil if it has a fraction, is outside the range, infinite or not a number.
    package init?(outside number: Double, in range: ClosedRange<Self>) {
        guard let whole = Self(exactly: number), range.contains(whole) else { return nil }
        self = whole
    }

    /// Rounds a number down; one outside the range counts as the nearer end, and NaN as the lower end.
    package init(outside number: Double, clampedTo range: ClosedRange<Self>) {
        guard !number.isNaN else {
            self = range.lowerBound
            return
        }
        self =
            Self(exactly: number.rounded(.down)).map { Swift.min(Swift.max($0, range.lowerBound), range.upperBound) }
            ?? (number < 0 ? range.lowerBound : range.upperBound)
    }

    private static func reading(_ text: some StringProtocol) -> Reading<Self> {
        var rest = Substring(text).utf8
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        guard !rest.isEmpty else { return .malformed }
        var number: Self = 0
        var hasOverflown = false
        for byte in rest {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return .malformed }
            guard !hasOverflown else { continue }
            let (product, tooMuch) = number.multipliedReportingOverflow(by: 10)
            let (sum, over) =
                isNegative
                ? product.subtractingReportingOverflow(Self(digit)) : product.addingReportingOverflow(Self(digit))
            hasOverflown = tooMuch || over
            number = sum
        }
        guard hasOverflown else { return .number(number) }
        return isNegative ? .tooSmall : .tooLarge
    }
}

private enum Reading<Number> {
    case number(Number)
    case tooLarge
    case tooSmall
    case malformed
}

extension Double {
    /// Reads a decimal number, with a fraction and an exponent if it has them: never `nan`, `inf` or hexadecimal.
    ///
    /// - Parameters:
    ///   - text: from anywhere.
    ///   - range: what the caller can work with.
    ///
    /// Nil if the text isn't such a number, or if the number is outside the range.
    package init?(outside text: some StringProtocol, in range: ClosedRange<Double>) {
        guard text.utf8.allSatisfy(Self.mayStandInNumber), let number = Double(String(text)), range.contains(number) else { return nil }
        self = number
    }

    private static func mayStandInNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "e"),
            UInt8(ascii: "E"):
            true
        default: false
        }
    }
}

extension SignedInteger where Self: FixedWidthInteger {
    /// A sum that stops at the ends of the type.
    package func addingWithoutOverflow(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        guard overflow else { return sum }
        return other < 0 ? .min : .max
    }

    /// A difference that stops at the ends of the type.
    package func subtractingWithoutOverflow(_ other: Self) -> Self {
        let (difference, overflow) = subtractingReportingOverflow(other)
        guard overflow else { return difference }
        return other < 0 ? .max : .min
    }
}
