import CLibevent
import Glibc

/// A request that arrived whole and passed every check of its form.
///
/// A view of what evhttp parsed: valid while its handler runs, and nothing is copied or made a `String` unless asked for.
@safe package struct Request: ~Copyable {
    private let raw: UnsafeMutablePointer<evhttp_request>
    /// Whether more body than `Limits.maxBodyBytes` was announced; it isn't read. Answer 413, in its place in the order of checks.
    package let bodyIsTooLarge: Bool

    init(_ raw: UnsafeMutablePointer<evhttp_request>, bodyIsTooLarge: Bool = false) {
        unsafe self.raw = raw
        self.bodyIsTooLarge = bodyIsTooLarge
    }

    package var method: Method { unsafe Method(raw.pointee.type) }

    /// Such a client understands neither chunks nor, unless it says so, a connection that stays.
    package var isHTTP10: Bool { unsafe raw.pointee.minor == 0 }

    /// The peer's IP address.
    package var remoteAddress: String {
        guard let host = unsafe raw.pointee.remote_host else { return "" }
        return unsafe String(cString: host)
    }

    /// The path's bytes as they were sent: not decoded, without the query.
    package func withPath<R>(_ body: (RawSpan) throws -> R) rethrows -> R {
        guard let uri = unsafe raw.pointee.uri else { return try body(RawSpan()) }
        var length = 0
        while unsafe uri[length] != 0, unsafe uri[length] != CChar(bitPattern: UInt8(ascii: "?")) { length += 1 }
        return try unsafe body(UnsafeRawBufferPointer(start: uri, count: length).bytes)
    }

    /// The path as it was sent: not decoded, without the query.
    package var path: String {
        withPath { bytes in unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) } }
    }

    /// What follows the path's `?`, as it was sent; nil without one.
    package var rawQuery: String? {
        guard let query = unsafe queryStart else { return nil }
        return unsafe String(cString: query)
    }

    /// The first query item of a name, percent-decoded, `+` being a space; nil if there is none. An item without `=` is empty.
    /// Bytes that aren't UTF-8 become U+FFFD, so that two values may read the same: don't look anything up by it (`queryBytes`).
    package func query(_ name: String) -> String? {
        queryBytes(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of the first query item of a name, percent-decoded, `+` being a space; nil if there is none.
    package func queryBytes(_ name: String) -> [UInt8]? {
        guard let start = unsafe queryStart else { return nil }
        let query = unsafe UnsafeRawBufferPointer(start: start, count: strlen(start))
        let items = unsafe query.split(separator: UInt8(ascii: "&"))
        for index in unsafe items.indices {
            let item = unsafe items[index]
            let end = unsafe item.firstIndex(of: UInt8(ascii: "=")) ?? item.endIndex
            guard unsafe decoded(item[..<end]).elementsEqual(name.utf8) else { continue }
            return unsafe end == item.endIndex ? [] : decoded(item[(end + 1)...])
        }
        return nil
    }

    /// The first header of a name (ASCII, any case), without surrounding white space. Bytes that aren't UTF-8 become U+FFFD, so that two
    /// values may read the same: don't look anything up by it (`headerBytes`).
    package func header(_ name: StaticString) -> String? {
        guard let value = unsafe value(name) else { return nil }
        return unsafe text(value)
    }

    /// The bytes of the first header of a name (ASCII, any case), without white space before it.
    package func headerBytes(_ name: StaticString) -> [UInt8]? {
        guard let value = unsafe value(name) else { return nil }
        let start = unsafe trimmed(value)
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: strlen(start)))
    }

    private func value(_ name: StaticString) -> UnsafePointer<CChar>? {
        unsafe UnsafePointer(
            evhttp_find_header(raw.pointee.input_headers, UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)))
    }

    /// All headers of a name (ASCII, any case), in the order in which they came.
    package func headers(_ name: StaticString) -> [String] {
        var values: [String] = []
        let name = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        var header = unsafe raw.pointee.input_headers.pointee.tqh_first
        while let field = unsafe header {
            if unsafe evutil_ascii_strcasecmp(field.pointee.key, name) == 0, let value = unsafe field.pointee.value {
                values.append(unsafe text(value))
            }
            unsafe header = field.pointee.next.tqe_next
        }
        return values
    }

    /// Whether a body came, however short.
    package var hasBody: Bool { bodyCount > 0 || bodyIsTooLarge }

    /// The body's length in bytes.
    package var bodyCount: Int { unsafe evbuffer_get_length(raw.pointee.input_buffer) }

    /// A copy of the body.
    package func body() -> [UInt8] {
        let count = bodyCount
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let copied = unsafe evbuffer_copyout(raw.pointee.input_buffer, buffer.baseAddress, count)
            initialized = max(0, copied)
        }
    }

    private var queryStart: UnsafePointer<CChar>? {
        guard let uri = unsafe raw.pointee.uri, let mark = unsafe strchr(uri, Int32(UInt8(ascii: "?"))) else { return nil }
        return unsafe UnsafePointer(mark + 1)
    }
}

private func text(_ value: UnsafePointer<CChar>) -> String {
    unsafe String(cString: trimmed(value))
}

private func trimmed(_ value: UnsafePointer<CChar>) -> UnsafePointer<CChar> {
    var start = unsafe value
    while unsafe start[0] == 0x09 || start[0] == 0x20 { unsafe start += 1 }
    return unsafe start
}

private func decoded(_ bytes: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
    var output: [UInt8] = []
    unsafe output.reserveCapacity(bytes.count)
    var index = unsafe bytes.startIndex
    let end = unsafe bytes.endIndex
    while index < end {
        let byte = unsafe bytes[index]
        if byte == UInt8(ascii: "%"), index + 2 < end, let high = unsafe hexValue(bytes[index + 1]),
            let low = unsafe hexValue(bytes[index + 2])
        {
            output.append(high << 4 | low)
            index += 3
            continue
        }
        output.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        index += 1
    }
    return output
}

/// The value of a hexadecimal digit.
func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
