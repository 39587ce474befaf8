import Support

/// What a caller takes, as its `Accept` header says (RFC 9110, 12.5.1).
package struct Accept: Sendable {
    /// A media range with its weight in thousandths.
    private struct Range {
        let type: String
        let subtype: String
        let weight: Int
        /// 0 for `*/*`, 1 for `text/*`, 2 for `text/html`: the most specific range decides.
        var precision: Int { (type == "*" ? 0 : 1) + (subtype == "*" ? 0 : 1) }
    }

    private let ranges: [Range]

    /// - Parameter headers: all `Accept` headers, in order; none, or only empty ones, take everything.
    package init(_ headers: [String]) {
        ranges = headers.flatMap { $0.split(separator: ",") }.compactMap(Self.range)
    }

    /// How much a type is wanted, in thousandths; 0: not at all.
    package func weight(of type: String) -> Int {
        guard !ranges.isEmpty else { return 1000 }
        let parts = type.split(separator: "/")
        guard parts.count == 2 else { return 0 }
        let matching = ranges.filter { ($0.type == "*" || $0.type == parts[0]) && ($0.subtype == "*" || $0.subtype == parts[1]) }
        return matching.max { ($0.precision, $0.weight) < ($1.precision, $1.weight) }?.weight ?? 0
    }

    /// The type that is wanted most, the first of equals; nil when none is.
    package func choose(_ offers: [String]) -> String? {
        var best: (offer: String, weight: Int)?
        for offer in offers {
            let weight = weight(of: offer)
            if weight > best?.weight ?? 0 { best = (offer, weight) }
        }
        return best?.offer
    }

    private static func range(_ text: Substring) -> Range? {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        guard let name = parts.first?.trimmingSpaces.lowercased(), !name.isEmpty else { return nil }
        var weight = 1000
        for parameter in parts.dropFirst() {
            let pair = parameter.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].trimmingSpaces.lowercased() == "q" else { continue }
            weight = Double(outside: pair[1].trimmingSpaces, in: -1000...1000).map { Int(outside: $0 * 1000, clampedTo: 0...1000) } ?? 1000
        }
        // Java's URLConnection sends a bare "*".
        let halves = (name == "*" ? "*/*" : name).split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, !halves[0].isEmpty, !halves[1].isEmpty, halves[0] != "*" || halves[1] == "*" else { return nil }
        return Range(type: String(halves[0]), subtype: String(halves[1]), weight: weight)
    }
}
