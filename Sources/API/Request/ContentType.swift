/// Whether a body is said to be JSON: `application/json` or anything `+json`, with any parameters.
///
/// A web page can send other types across origins without asking, so they are refused even where the body would parse.
package enum ContentType {
    /// - Parameter header: the `Content-Type` header; nil when absent.
    /// - Returns: false when it is absent.
    package static func isJSON(_ header: String?) -> Bool {
        // What nearly everybody sends.
        if header == "application/json" { return true }
        guard let name = header?.split(separator: ";", omittingEmptySubsequences: false).first?.trimmingSpaces.lowercased() else {
            return false
        }
        guard name != "application/json" else { return true }
        let halves = name.split(separator: "/", omittingEmptySubsequences: false)
        return halves.count == 2 && halves[0] == "application" && halves[1].hasSuffix("+json") && halves[1].count > 5
    }
}
