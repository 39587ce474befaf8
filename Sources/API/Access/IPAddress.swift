import Glibc
import Support

/// An IP address literal: 4 or 16 bytes. IPv4 mapped into IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.
package struct IPAddress: Hashable, Sendable {
    /// 4 or 16, in network order.
    package let bytes: [UInt8]

    /// Reads a dotted quad or an IPv6 address, without brackets, port or zone. Short forms such as `127.1` and `2130706433` are none.
    package init?(_ text: String) {
        if let four = Self.parse(text, AF_INET, length: 4) {
            bytes = four
            return
        }
        guard let sixteen = Self.parse(text, AF_INET6, length: 16) else { return nil }
        let isMapped = sixteen[..<10].allSatisfy { $0 == 0 } && sixteen[10] == 255 && sixteen[11] == 255
        bytes = isMapped ? Array(sixteen[12...]) : sixteen
    }

    private static func parse(_ text: String, _ family: Int32, length: Int) -> [UInt8]? {
        guard !text.utf8.contains(0) else { return nil }
        var parsed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            unsafe buffer.initialize(repeating: 0)
            parsed = unsafe inet_pton(family, text, buffer.baseAddress) == 1
            count = length
        }
        return parsed ? bytes : nil
    }
}

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
package struct AddressRange: Sendable, Equatable {
    private let network: IPAddress
    private let bits: Int

    /// Reads an address, or an address and how many of its leading bits count; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let address = IPAddress(String(first)) else { return nil }
        network = address
        guard parts.count == 2 else {
            bits = address.bytes.count * 8
            return
        }
        guard let bits = Int(outside: parts[1], in: 0...address.bytes.count * 8), parts[1] != "-0" else { return nil }
        self.bits = bits
    }

    /// An IPv4 range holds no IPv6 address, and the other way round.
    package func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == network.bytes.count else { return false }
        for (index, (left, right)) in zip(address.bytes, network.bytes).enumerated() {
            let significant = min(max(bits - index * 8, 0), 8)
            guard significant > 0 else { return true }
            guard (left ^ right) >> UInt8(8 - significant) == 0 else { return false }
        }
        return true
    }
}
