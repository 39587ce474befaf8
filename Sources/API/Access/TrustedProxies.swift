import HTTP

/// The proxies whose `X-Forwarded-Proto` and `X-Forwarded-Host` are believed, by the address they connect from.
package struct TrustedProxies: Sendable {
    private let ranges: [AddressRange]

    /// - Parameter list: addresses and CIDR ranges, as in `10.0.0.0/8`.
    /// - Throws: for an entry that is neither.
    package init(_ list: [String]) throws(SettingError) {
        var ranges: [AddressRange] = []
        for entry in list {
            guard let range = AddressRange(entry) else { throw .noAddressRange(entry) }
            ranges.append(range)
        }
        self.ranges = ranges
    }

    /// Whether no proxy is trusted.
    var isEmpty: Bool { ranges.isEmpty }

    /// Whether the peer is one of them; false for an address that is none.
    package func contains(_ remoteAddress: String) -> Bool {
        guard let address = IPAddress(remoteAddress) else { return false }
        return ranges.contains { $0.contains(address) }
    }
}

extension TrustedProxies {
    /// Who sent a request: the peer, or where that is a trusted proxy, the last address in `X-Forwarded-For` that isn't one.
    ///
    /// - Parameters:
    ///   - peer: the address that the connection comes from.
    ///   - forwardedFor: the values of the header, in their order. Only what trusted proxies added is believed: they add at the end.
    /// - Returns: an address; for the log alone.
    package func client(peer: String, forwardedFor: [String]) -> String {
        var client = peer
        for entry in forwardedFor.flatMap({ $0.split(separator: ",") }).reversed() {
            guard contains(client) else { return client }
            let address = entry.trimmingPrefix { $0 == " " }.prefix { $0 != " " }
            guard IPAddress(String(address)) != nil else { return client }
            client = String(address)
        }
        return client
    }

    /// The same of a request.
    func client(of request: borrowing Request) -> String {
        isEmpty ? request.remoteAddress : client(peer: request.remoteAddress, forwardedFor: request.headers("X-Forwarded-For"))
    }
}

extension HostRules {
    /// - Parameter list: entries of `--allowed-hosts`.
    /// - Throws: for an entry that is no host.
    package init(_ list: [String]) throws(SettingError) {
        var allowed: [Authority] = []
        for entry in list {
            guard let authority = Authority(entry) else { throw .noHost(entry) }
            allowed.append(authority)
        }
        self.init(allowed: allowed)
    }
}

extension OriginRules {
    /// - Parameter list: entries of `--cors-origins`: origins, or `*`.
    /// - Throws: for an entry that is neither.
    package init(_ list: [String]) throws(SettingError) {
        var allowed: [Origin] = []
        for entry in list where entry != "*" {
            guard let origin = Origin(entry.hasSuffix("/") ? String(entry.dropLast()) : entry) else { throw .noOrigin(entry) }
            allowed.append(origin)
        }
        self.init(allowed: allowed, opensReads: list.contains("*"))
    }
}
