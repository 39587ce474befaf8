/// A web page's origin: `scheme://host[:port]`, lower-case, without its scheme's default port.
package struct Origin: Hashable, Sendable {
    /// Lower-case.
    package let scheme: String
    /// Without the port when it is the scheme's own.
    package let authority: Authority
    /// The port that is meant where none is written.
    private let defaultPort: Int?

    /// Reads an `Origin` header or an entry of `--cors-origins`; nil for `null`, an empty one, and whatever has a path.
    package init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        let scheme = text[..<colon].lowercased()
        guard let first = scheme.unicodeScalars.first, ("a"..."z").contains(first), scheme.unicodeScalars.allSatisfy(Self.isSchemeScalar),
            let authority = Authority(String(text[text.index(colon, offsetBy: 3)...]))
        else { return nil }
        let defaultPort = ["http": 80, "https": 443][scheme]
        guard authority.port == nil || authority.port != defaultPort else {
            guard let bare = Authority(Authority.bracketed(authority.host)) else { return nil }
            self.init(scheme: scheme, authority: bare, defaultPort: defaultPort)
            return
        }
        self.init(scheme: scheme, authority: authority, defaultPort: defaultPort)
    }

    private init(scheme: String, authority: Authority, defaultPort: Int?) {
        self.scheme = scheme
        self.authority = authority
        self.defaultPort = defaultPort
    }

    private static func isSchemeScalar(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || "+-.".unicodeScalars.contains(scalar)
    }

    /// Whether a page of this origin calls the host that served it, whatever the scheme: a proxy may have ended TLS.
    package func isServed(by host: Authority) -> Bool {
        guard authority.host == host.host else { return false }
        return authority.port == host.port || (authority.port ?? defaultPort) == host.port
    }
}

extension Authority {
    /// A host as it stands in a URL.
    package static func bracketed(_ host: String) -> String {
        host.contains(":") ? "[\(host)]" : host
    }
}
