/// The first word of the command line, when it isn't a command.
package enum CommandName {
    /// What to tell the user, with the command that was meant if one is close.
    ///
    /// - Returns: nil for a command or an option.
    package static func complaint(_ word: String, known: [String]) -> String? {
        guard !word.hasPrefix("-"), !known.contains(word) else { return nil }
        let unknown = "Unknown command \"\(TerminalText.escape(word))\"."
        guard word.utf8.count <= 32 else { return unknown }
        let nearest = known.map { (name: $0, distance: distance(Array(word.utf8), Array($0.utf8))) }.min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= 2 else { return unknown }
        return unknown + " Did you mean \"\(nearest.name)\"?"
    }

    /// How many letters differ, are missing or too many; two that are swapped count once.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
