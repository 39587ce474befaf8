import Support

/// Whether a URL points at this machine.
///
/// Such a request never goes through a proxy: with `http_proxy` set, as it is in many containers, a health check of one's own
/// server would otherwise ask the proxy to reach itself.
package enum LoopbackHost {
    /// What cannot be read as an absolute URL is not loopback.
    package static func isIn(url: String) -> Bool {
        guard let scheme = url.range(of: "://") else { return false }
        var host = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
        if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return isName(String(host[host.index(after: host.startIndex)..<end])) }
        return isName(String(host.prefix { $0 != ":" }))
    }

    /// The same for a name, or an address without brackets.
    package static func isName(_ host: String) -> Bool {
        if host.lowercased() == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8(outside: $0, in: 0 ... .max) != nil }
    }
}

extension String {
    /// The first place of `needle`; Foundation has one, but is not needed here otherwise.
    fileprivate func range(of needle: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
