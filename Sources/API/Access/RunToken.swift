import Jobs

/// Makes and checks the tokens that open the GETs of one run for a while, for a browser's `EventSource`, which cannot send a key.
///
/// A token is base64url of: version (1 byte), expiry (8 bytes, microseconds, big-endian), HMAC-SHA-256 over version, expiry and the run's
/// id. Nothing is kept of it.
/// The HMAC's key is derived from the database's secret and the API key, so a new API key revokes every token.
package struct RunToken: Sendable {
    private static let version: UInt8 = 1
    private let key: [UInt8]

    /// - Parameters:
    ///   - secret: 32 random bytes kept with the database.
    ///   - apiKey: nil for a server without one.
    package init(secret: [UInt8], apiKey: String?) {
        key = Digest(key: secret, message: Array("runstream run token\0".utf8) + Array((apiKey ?? "").utf8)).bytes
    }

    /// A token for the GETs of `run`, valid until just before `expiry`.
    package func issue(for run: JobID, until expiry: Timestamp) -> String {
        let head = Self.head(expiry)
        return Base64URL.encode(head + mac(head, run).bytes)
    }

    /// Whether `token` opens `run` at `now`.
    package func check(_ token: String, for run: JobID, now: Timestamp) -> Verdict {
        guard let bytes = Base64URL.decode(token), bytes.count == 9 + Digest.length, bytes[0] == Self.version,
            let received = Digest(received: bytes[9...])
        else { return .invalid }
        guard mac(Array(bytes[..<9]), run).matches(received) else { return .invalid }
        let expiry = bytes[1..<9].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return now.microseconds < Int64(bitPattern: expiry) ? .allowed : .expired
    }

    /// What a token is worth.
    package enum Verdict: Equatable {
        case allowed
        case expired
        /// Not ours, of another run, or made under another API key.
        case invalid
    }

    private static func head(_ expiry: Timestamp) -> [UInt8] {
        let bits = UInt64(bitPattern: expiry.microseconds)
        return [version] + stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> UInt64($0)) }
    }

    private func mac(_ head: [UInt8], _ run: JobID) -> Digest {
        var message = head
        run.append(to: &message)
        return Digest(key: key, message: message)
    }
}
