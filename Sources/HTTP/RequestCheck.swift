import CLibevent

/// What evhttp's parser lets through and we refuse: each row is a way to make two readers of one byte stream disagree on where a
/// request ends, or whom it is for.
enum RequestCheck {
    /// Looks at a parsed request as a whole.
    ///
    /// - Parameter request: as evhttp parsed it; its raw head has passed `HeadScanner` and `HeadFacts`.
    /// - Returns: nil for a request that may be served.
    static func refusal(of request: UnsafeMutablePointer<evhttp_request>) -> RefusalReason? {
        let major = unsafe request.pointee.major
        let minor = unsafe request.pointee.minor
        guard major == 1, minor == 0 || minor == 1 else { return .malformed(.version) }
        guard let uri = unsafe request.pointee.uri, unsafe isPath(uri) else { return .malformed(.target) }
        var facts = HeaderFacts()
        var header = unsafe request.pointee.input_headers.pointee.tqh_first
        while let field = unsafe header {
            if let fault = unsafe facts.add(field) { return fault }
            unsafe header = field.pointee.next.tqe_next
        }
        guard facts.hosts == 1 || (facts.hosts == 0 && minor == 0) else { return .malformed(.host) }
        let type = unsafe request.pointee.type
        if facts.hasBody, type == EVHTTP_REQ_HEAD || type == EVHTTP_REQ_TRACE { return .malformed(.unexpectedBody) }
        return nil
    }

    /// `/` and visible ASCII without a fragment, or `*`. Absolute URIs are for proxies.
    private static func isPath(_ uri: UnsafePointer<CChar>) -> Bool {
        let first = unsafe UInt8(bitPattern: uri[0])
        let isAsterisk = unsafe first == UInt8(ascii: "*") && uri[1] == 0
        guard first == UInt8(ascii: "/") || isAsterisk else { return false }
        var index = 1
        while true {
            let byte = unsafe UInt8(bitPattern: uri[index])
            if byte == 0 { return true }
            guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "#") else { return false }
            index += 1
        }
    }
}

/// What one pass over the headers gathers.
private struct HeaderFacts {
    var hosts = 0
    var hasBody = false
    private var lengths = 0

    mutating func add(_ field: UnsafeMutablePointer<evkeyval>) -> RefusalReason? {
        guard let name = unsafe field.pointee.key, let value = unsafe field.pointee.value else { return .malformed(.headerName) }
        guard let length = unsafe tokenLength(name) else { return .malformed(.headerName) }
        guard unsafe isValue(value) else { return .malformed(.headerValue) }
        switch length {
        case 4 where unsafe evutil_ascii_strcasecmp(name, "host") == 0:
            hosts += 1
            guard hosts == 1, unsafe isHost(value) else { return .malformed(.host) }
        case 14 where unsafe evutil_ascii_strcasecmp(name, "content-length") == 0:
            lengths += 1
            guard lengths == 1, let isZero = unsafe isNumber(value) else { return .malformed(.contentLength) }
            hasBody = !isZero
        default: break
        }
        return nil
    }
}

/// The length of a token (RFC 9110, 5.6.2), or nil if it is none; the empty one is none.
private func tokenLength(_ text: UnsafePointer<CChar>) -> Int? {
    var length = 0
    while true {
        let byte = unsafe UInt8(bitPattern: text[length])
        if byte == 0 { return length > 0 ? length : nil }
        guard isTokenByte(byte) else { return nil }
        length += 1
    }
}

/// Whether a byte may stand in a token (RFC 9110, 5.6.2).
package func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"),
        UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "^"),
        UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
        true
    default: false
    }
}

private func isValue(_ text: UnsafePointer<CChar>) -> Bool {
    var index = 0
    while true {
        let byte = unsafe UInt8(bitPattern: text[index])
        if byte == 0 { return true }
        guard byte >= 0x20 || byte == 0x09, byte != 0x7F else { return false }
        index += 1
    }
}

/// A host and perhaps a port, no user information, no list; an address literal in brackets.
private func isHost(_ text: UnsafePointer<CChar>) -> Bool {
    var index = 0
    while true {
        let byte = unsafe UInt8(bitPattern: text[index])
        switch byte {
        case 0: return index > 0
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
            index += 1
        default: return false
        }
    }
}

/// Whether a number is 0; nil unless it is 1 to 18 digits.
private func isNumber(_ text: UnsafePointer<CChar>) -> Bool? {
    var index = 0
    var isZero = true
    while true {
        let byte = unsafe UInt8(bitPattern: text[index])
        if byte == 0 { return (1...18).contains(index) ? isZero : nil }
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        if byte != UInt8(ascii: "0") { isZero = false }
        index += 1
    }
}
