import CCrypto

/// An HMAC-SHA-256: 32 bytes that are compared in constant time.
package struct Digest: Sendable {
    /// Bytes.
    package static let length = 32
    /// The 32 bytes; not to be compared with `==`, whose time tells where they differ.
    package let bytes: [UInt8]

    /// The HMAC of `message` under `key`.
    package init(key: [UInt8], message: [UInt8]) {
        bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.length) { buffer, count in
            let code = unsafe rs_hmac_sha256(key, key.count, message, message.count, buffer.baseAddress)
            precondition(code == 1, "libcrypto has no HMAC-SHA-256")
            count = Self.length
        }
    }

    /// A digest that was received; nil unless it has the right length.
    package init?(received bytes: some Collection<UInt8>) {
        guard bytes.count == Self.length else { return nil }
        self.bytes = Array(bytes)
    }

    /// Takes the same time wherever the two differ.
    package func matches(_ other: Digest) -> Bool {
        unsafe rs_equal_constant_time(bytes, other.bytes, Self.length) == 1
    }
}
