import EventLoop

/// Prometheus' text format 0.0.4, being written.
package struct PrometheusText {
    /// What was written so far.
    package private(set) var text = ""

    package init() {}

    /// The kinds of metric that we have.
    package enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    /// Begins a metric; its samples follow.
    package mutating func metric(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// One sample.
    package mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: some CustomStringConvertible) {
        text += "\(name)\(Self.render(labels)) \(value)\n"
    }

    /// A metric with one sample.
    package mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: some CustomStringConvertible) {
        metric(name, kind, help)
        sample(name, [], value)
    }

    /// A histogram's samples: cumulated buckets, the sum in seconds, the count.
    ///
    /// - Parameters:
    ///   - name: the metric's.
    ///   - labels: of all its samples.
    ///   - bounds: the buckets' upper ends, in seconds.
    ///   - counts: observations per bucket, not cumulated; one more than there are bounds.
    ///   - sum: of all observations, in seconds.
    package mutating func histogram(_ name: String, _ labels: [(String, String)], bounds: [Double], counts: [UInt64], sum: Double) {
        var total: UInt64 = 0
        for (bound, count) in zip(bounds, counts) {
            total += count
            sample("\(name)_bucket", labels + [("le", "\(bound)")], total)
        }
        total = counts.reduce(0, +)
        sample("\(name)_bucket", labels + [("le", "+Inf")], total)
        sample("\(name)_sum", labels, sum)
        sample("\(name)_count", labels, total)
    }

    /// The samples of a histogram that EventLoop keeps in nanoseconds.
    package mutating func histogram(_ name: String, _ labels: [(String, String)], _ histogram: Histogram) {
        let reading = histogram.reading
        self.histogram(
            name, labels, bounds: Histogram.bounds.map { Double($0) / 1e9 }, counts: reading.counts, sum: Double(reading.sum) / 1e9)
    }

    private static func render(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { name, value in "\(name)=\"\(escape(value))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    private static func escape(_ value: String) -> String {
        var text = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}
