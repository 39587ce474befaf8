import Jobs
import Support

/// What a list is asked for, as the query says it; an empty parameter is an absent one.
package struct ListQuery: Sendable {
    private let status: String?
    private let sessionID: String?
    private let isSessionText: Bool
    private let page: String?
    private let pageSize: String?

    /// The parameters of a query, decoded; nil where absent. A session is looked up by its exact bytes.
    package init(status: String?, sessionID: [UInt8]?, page: String?, pageSize: String?) {
        self.status = status.flatMap { $0.isEmpty ? nil : $0 }
        let session = sessionID.map { String(validating: $0, as: UTF8.self) }
        isSessionText = session != .some(.none)
        self.sessionID = session.flatMap { $0 }.flatMap { $0.isEmpty ? nil : $0 }
        self.page = page.flatMap { $0.isEmpty ? nil : $0 }
        self.pageSize = pageSize.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// What to ask the store for.
    ///
    /// - Throws: 400 for an unknown status, 422 for a page or a size that cannot be.
    package func filter() throws(Problem) -> JobFilter {
        var filter = JobFilter(sessionID: sessionID, pageSize: APILimits.defaultPageSize)
        if let status {
            guard let known = JobStatus(name: status) else { throw .unknownStatus(status) }
            filter.status = known
        }
        var problems: [FieldProblem] = []
        if !isSessionText { problems.append(FieldProblem("session_id", .notUTF8)) }
        filter.page = Self.integer(page, "page", APILimits.pages, &problems) ?? 1
        filter.pageSize = Self.integer(pageSize, "page_size", APILimits.pageSizes, &problems) ?? APILimits.defaultPageSize
        guard problems.isEmpty else { throw .invalid(problems) }
        return filter
    }

    /// The `Link` header (RFC 8288): always `first` and `last`, `prev` and `next` where they exist.
    ///
    /// - Parameters:
    ///   - filter: what was listed.
    ///   - total: how many runs match on all pages.
    ///   - base: the list's absolute URL without a query.
    /// - Returns: the header's value.
    package func links(_ filter: JobFilter, total: Int, base: String) -> String {
        let last = max(1, (total + filter.pageSize - 1) / filter.pageSize)
        var targets = [("first", 1)]
        if filter.page > 1 { targets.append(("prev", min(filter.page - 1, last))) }
        if filter.page < last { targets.append(("next", filter.page + 1)) }
        targets.append(("last", last))
        var kept = ""
        if let status = filter.status { kept += "status=\(status.name)&" }
        if let sessionID { kept += "session_id=\(sessionID.percentEncoded)&" }
        return targets.map { name, page in "<\(base)?\(kept)page=\(page)&page_size=\(filter.pageSize)>; rel=\"\(name)\"" }.joined(
            separator: ", ")
    }

    private static func integer(_ text: String?, _ name: String, _ range: ClosedRange<Int>, _ problems: inout [FieldProblem]) -> Int? {
        guard let text else { return nil }
        guard let number = Int(outside: text, clampedTo: .min ... .max) else {
            problems.append(FieldProblem(name, .mustBeInteger))
            return nil
        }
        guard range.contains(number) else {
            problems.append(FieldProblem(name, .outside(range, zeroMeansDefault: false)))
            return nil
        }
        return number
    }
}

extension String {
    /// For a query's value: everything but RFC 3986's unreserved characters as `%XX`.
    var percentEncoded: String {
        var text = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }
}
