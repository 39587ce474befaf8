/// Who may call: the server's API key, if it has one, as `Authorization: Bearer KEY` or `X-API-Key: KEY`.
///
/// The key itself is not kept: both sides are hashed first, so that the comparison takes the same time whatever the presented key's
/// length and content.
package struct Authorization: Sendable {
    private let digest: Digest?

    /// - Parameter apiKey: nil opens the server to everybody who can reach it.
    package init(apiKey: String?) {
        digest = apiKey.map { Self.digest(of: $0) }
    }

    /// Whether callers need a key.
    package var isRequired: Bool { digest != nil }

    /// - Parameters:
    ///   - authorization: the `Authorization` header, nil when absent.
    ///   - apiKey: the `X-API-Key` header, nil when absent.
    /// - Returns: whether one of them is the key.
    package func check(authorization: String?, apiKey: String?) -> Verdict {
        guard let digest else { return .allowed }
        var presented = false
        for key in [authorization.flatMap(Self.bearer), apiKey] {
            guard let key else { continue }
            presented = true
            if digest.matches(Self.digest(of: key)) { return .allowed }
        }
        return presented ? .wrongKey : .noKey
    }

    /// What a caller's headers are worth.
    package enum Verdict: Equatable {
        case allowed
        case noKey
        case wrongKey
    }

    /// What follows `Bearer` (in any case) and spaces; nil for another scheme.
    private static func bearer(_ header: String) -> String? {
        let scheme = header.prefix { $0 != " " }
        guard scheme.lowercased() == "bearer" else { return nil }
        return String(header.dropFirst(scheme.count).drop { $0 == " " })
    }

    private static func digest(of key: String) -> Digest {
        Digest(key: Array("runstream api key".utf8), message: Array(key.utf8))
    }
}
