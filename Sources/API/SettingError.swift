/// A setting that makes no sense.
package enum SettingError: Error, Equatable {
    /// `--trusted-proxies` names something that is neither an IP address nor a CIDR range.
    case noAddressRange(String)
    /// `--allowed-hosts` names something that is no host.
    case noHost(String)
    /// `--cors-origins` names something that is neither an origin nor `*`.
    case noOrigin(String)
    /// `--agent-root` is no directory that can be reached.
    case noDirectory(String)
}
