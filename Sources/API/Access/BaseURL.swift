/// What a caller calls this server, so that the URLs in its answers work for that caller: scheme and authority.
package struct BaseURL: Sendable {
    /// `http` or `https`.
    package let scheme: String
    /// What the caller calls this server.
    package let authority: Authority

    /// - Parameters:
    ///   - host: the `Host` header; nil where there is none (HTTP/1.0) or it makes no sense.
    ///   - forwarded: scheme and host as a trusted proxy tells them; nil from anybody else.
    ///   - own: what the server listens on, for callers that name no host.
    package init(host: Authority?, forwarded: (proto: String?, host: String?)?, own: Authority) {
        scheme = Self.first(forwarded?.proto).flatMap { ["http", "https"].contains($0.lowercased()) ? $0.lowercased() : nil } ?? "http"
        authority = Self.first(forwarded?.host).flatMap { Authority($0) } ?? host ?? own
    }

    /// The absolute URL of a path, with its query if it has one.
    package func url(_ path: String) -> String {
        // In one allocation: `+` would make a string of each part, for every submit.
        var url = ""
        url.reserveCapacity(scheme.utf8.count + 3 + authority.text.utf8.count + path.utf8.count)
        url += scheme
        url += "://"
        url += authority.text
        url += path
        return url
    }

    /// The first of a list that proxies appended to: what the client itself had said to the outermost one.
    private static func first(_ list: String?) -> String? {
        guard let entry = list?.split(separator: ",").first else { return nil }
        return entry.trimmingSpaces
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    package var trimmingSpaces: String {
        var text = self.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
