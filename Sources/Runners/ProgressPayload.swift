import Jobs
import Support

/// A `progress` event's object: percentages checked and spelled, and what it says about the run.
enum ProgressPayload {
    /// Checks the object that ends `bytes` in place.
    ///
    /// A percentage is clamped to 0...100 and written as an integer where it is whole; where it is missing or null, the previous one takes
    /// its place. What else the object leaves out stays as it was.
    /// - Parameters:
    ///   - bytes: end with the object, in the wire's spelling.
    ///   - start: where in them it begins.
    ///   - previous: what was said last.
    /// - Returns: nil when a percentage is no number.
    static func normalize(_ bytes: inout [UInt8], from start: Int, previous: JobProgress) -> JobProgress? {
        var said = previous
        var replacements: [(range: Range<Int>, token: String)] = []
        var hasPercentage = false
        let isFine = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return false }
            var walker = unsafe MemberWalker(base, object: start..<buffer.count)
            while let member = walker.next() {
                let name = unsafe base + member.name.lowerBound
                func token() -> String { unsafe String(decoding: buffer[member.value], as: UTF8.self) }
                if unsafe JSONName.matches(name, member.name.count, "percentage") {
                    let written = token()
                    guard let canonical = written == "null" ? previous.percentage : percentage(written) else { return false }
                    if canonical != written { replacements.append((member.value, canonical)) }
                    said.percentage = canonical
                    hasPercentage = true
                } else if unsafe JSONName.matches(name, member.name.count, "current_step") {
                    said.currentStep = token().unlessNull
                } else if unsafe JSONName.matches(name, member.name.count, "steps_completed") {
                    said.stepsCompleted = token().unlessNull
                } else if unsafe JSONName.matches(name, member.name.count, "steps_total") {
                    said.stepsTotal = token().unlessNull
                }
            }
            return true
        }
        guard isFine else { return nil }
        for replacement in replacements.reversed() { bytes.replaceSubrange(replacement.range, with: replacement.token.utf8) }
        if !hasPercentage {
            let isEmpty = bytes.count == start + 2
            bytes.insert(contentsOf: "\"percentage\": \(said.percentage)\(isEmpty ? "" : ", ")".utf8, at: start + 1)
        }
        return said
    }

    /// A JSON number as a percentage: clamped, whole ones as integers, others as they were written; nil for other values.
    private static func percentage(_ token: String) -> String? {
        guard let first = token.utf8.first, first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") < 10 else { return nil }
        if token.utf8.count <= 2, first != UInt8(ascii: "-") { return token }
        guard let number = Double(outside: token, in: -.infinity ... .infinity) else { return nil }
        if number >= 100 { return "100" }
        if number <= 0 { return "0" }
        return Int(outside: number, in: 0...100).map { String($0) } ?? token
    }
}

extension String {
    fileprivate var unlessNull: String? { self == "null" ? nil : self }
}
