import Support

/// Durations as people write them: `250ms`, `4s`, `10m`, `2h`, `7d`; a bare number is seconds; fractions are allowed.
package enum DurationArgument {
    /// Beyond this a typing error is likelier than a wish, and sums of deadlines could overflow.
    package static let longest = Duration.seconds(86_400 * 36_500)

    /// Any duration, zero included.
    package static func parse(_ text: String) throws(ArgumentProblem) -> Duration {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let nanoseconds = nanoseconds(in: text[digits.endIndex...]) else { throw malformed }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        guard parts.count <= 2, !parts[0].isEmpty, parts.count == 1 || !fraction.isEmpty, parts[0].count <= 12 else { throw malformed }
        guard let whole = Int64(outside: parts[0], in: 0...999_999_999_999), fraction.count <= 9,
            let part = Int64(outside: "0" + fraction, in: 0...999_999_999)
        else { throw malformed }
        let scale = (0..<fraction.count).reduce(Int64(1)) { scale, _ in scale * 10 }
        let duration = Duration.nanoseconds(nanoseconds) * whole + Duration.nanoseconds(nanoseconds) * part / scale
        guard duration <= longest else { throw ArgumentProblem("longer than 100 years") }
        return duration
    }

    /// A duration above zero: for settings where zero has no meaning.
    package static func parsePositive(_ text: String) throws(ArgumentProblem) -> Duration {
        let duration = try parse(text)
        guard duration > .zero else { throw ArgumentProblem("must be longer than 0") }
        return duration
    }

    /// The timeout of a run: whole seconds, 1...2,592,000 (30 days).
    package static func parseRunTimeout(_ text: String) throws(ArgumentProblem) -> Duration {
        let duration = try parse(text)
        let (seconds, attoseconds) = duration.components
        guard attoseconds == 0, (1...2_592_000).contains(seconds) else {
            throw ArgumentProblem("must be whole seconds, from 1s to 30d")
        }
        return duration
    }

    private static let malformed = ArgumentProblem("not a duration such as 250ms, 4s, 10m, 2h or 7d (a bare number is seconds)")

    private static func nanoseconds(in unit: Substring) -> Int64? {
        switch unit {
        case "ms": 1_000_000
        case "s", "": 1_000_000_000
        case "m": 60 * 1_000_000_000
        case "h": 3600 * 1_000_000_000
        case "d": 86_400 * 1_000_000_000
        default: nil
        }
    }
}
