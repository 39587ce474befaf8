import Support

/// Sizes as people write them: bytes, or `64KiB`, `16MiB`, `1GiB`.
package enum SizeArgument {
    /// - Returns: bytes.
    package static func parse(_ text: String) throws(ArgumentProblem) -> Int {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(outside: digits, clampedTo: 0 ... .max), let unit = units[String(text[digits.endIndex...])] else {
            throw ArgumentProblem("not a size such as 65536, 64KiB, 16MiB or 1GiB")
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow, bytes <= 1 << 50 else { throw ArgumentProblem("larger than 1 PiB") }
        return bytes
    }

    /// A parser for sizes within bounds, in bytes.
    package static func within(_ bounds: ClosedRange<Int>) -> @Sendable (String) throws(ArgumentProblem) -> Int {
        { text throws(ArgumentProblem) in
            let bytes = try parse(text)
            guard bounds.contains(bytes) else {
                throw ArgumentProblem("must be from \(format(bounds.lowerBound)) to \(format(bounds.upperBound))")
            }
            return bytes
        }
    }

    /// The shortest exact spelling.
    package static func format(_ bytes: Int) -> String {
        for (name, unit) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where bytes >= unit && bytes % unit == 0 {
            return "\(bytes / unit)\(name)"
        }
        return "\(bytes)"
    }

    private static let units = ["": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30]
}
