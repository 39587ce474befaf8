/// Which `Host` a server without an API key answers: an IP literal, `localhost`, or a name from `--allowed-hosts`.
///
/// A web page can make its own name resolve to this machine (DNS rebinding) and then call us as "same origin"; what it cannot do is make
/// the browser send another `Host`.
/// With a key there is nothing to steal, since the page does not know it.
package struct HostRules: Sendable {
    private let allowed: [Authority]

    /// - Parameter allowed: entries of `--allowed-hosts`; one without a port allows every port.
    package init(allowed: [Authority]) {
        self.allowed = allowed
    }

    /// Whether a request that calls the server by this name is answered.
    package func allows(_ authority: Authority) -> Bool {
        if authority.isIPLiteral || authority.host == "localhost" { return true }
        return allowed.contains { $0.host == authority.host && ($0.port == nil || $0.port == authority.port) }
    }
}
