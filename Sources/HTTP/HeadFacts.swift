import Glibc

/// Reads from a whole head how its body is framed, and finds what evhttp would refuse with a page of its own.
///
/// The head has passed `HeadScanner`: its lines end with CR LF, and there are no control bytes in it but tabs.
struct HeadFacts {
    enum Body: Equatable {
        case length(Int)
        case chunked
    }

    private(set) var body = Body.length(0)
    /// Why the request is refused before its body is read.
    private(set) var refusal: RefusalReason?
    /// The client waits for `100 Continue` before it sends the body.
    private(set) var expectsContinue = false
    /// The bytes of a method that evhttp doesn't know; 0 for one that it knows.
    private(set) var oddMethodBytes = 0
    /// Where the names end that evhttp must not act upon.
    private(set) var hiddenNames: [Int] = []

    /// More is announced than is taken: the request is served without its body, so that 413 has its place in the order of checks.
    private(set) var isTooLarge = false

    private var lengths = 0
    private var lengthName = 0
    private var codings = 0
    private var length = 0
    private var coding = ""
    private var hasUnknownExpectation = false
    private var isHTTP10 = false
    private var mayHaveBody = true

    /// - Complexity: one pass over the head.
    init(_ head: UnsafeRawBufferPointer, maxBodyBytes: Int) {
        var start = 0
        var isFirst = true
        while let end = unsafe Self.index(of: 0x0D, in: head, from: start), end > start || isFirst {
            let line = unsafe UnsafeRawBufferPointer(rebasing: head[start..<end])
            let fault = unsafe isFirst ? requestLine(line) : header(line, at: start)
            if let fault {
                refusal = .malformed(fault)
                return
            }
            isFirst = false
            start = end + 2
        }
        refusal = frame(maxBodyBytes)
    }

    private mutating func frame(_ maxBodyBytes: Int) -> RefusalReason? {
        if codings > 0 {
            guard codings == 1, lengths == 0, !isHTTP10, !coding.contains(",") else { return .malformed(.framing) }
            guard coding == "chunked" else { return .transferEncoding }
            body = .chunked
        } else {
            body = .length(length)
        }
        if !mayHaveBody, body != .length(0) { return .malformed(.unexpectedBody) }
        if hasUnknownExpectation { return .expectation }
        isTooLarge = length > maxBodyBytes
        if isTooLarge { hiddenNames.append(lengthName) }
        return nil
    }

    private mutating func requestLine(_ line: UnsafeRawBufferPointer) -> HeadFault? {
        guard let methodEnd = unsafe Self.index(of: 0x20, in: line, from: 0), methodEnd > 0,
            unsafe line[..<methodEnd].allSatisfy(isTokenByte),
            let targetEnd = unsafe Self.index(of: 0x20, in: line, from: methodEnd + 1)
        else { return .target }
        guard unsafe isPath(line[(methodEnd + 1)..<targetEnd]) else { return .target }
        switch unsafe String(decoding: line[(targetEnd + 1)...].prefix(9), as: UTF8.self) {
        case "HTTP/1.1": break
        case "HTTP/1.0": isHTTP10 = true
        default: return .version
        }
        let method = unsafe String(decoding: line[..<min(methodEnd, 8)], as: UTF8.self)
        if Method(rawValue: method) == nil || method == Method.other.rawValue { oddMethodBytes = methodEnd }
        mayHaveBody = method != "HEAD" && method != "TRACE"
        return nil
    }

    /// `/` and visible ASCII without a fragment, or `*`. Absolute URIs are for proxies.
    private func isPath(_ target: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard let first = unsafe target.first else { return false }
        guard first == UInt8(ascii: "/") else { return unsafe first == UInt8(ascii: "*") && target.count == 1 }
        return unsafe target.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
    }

    private mutating func header(_ line: UnsafeRawBufferPointer, at offset: Int) -> HeadFault? {
        guard let colon = unsafe Self.index(of: UInt8(ascii: ":"), in: line, from: 0), colon > 0,
            unsafe line[..<colon].allSatisfy(isTokenByte)
        else { return .headerName }
        guard colon == 14 || colon == 17 || colon == 6 else { return nil }
        let name = unsafe String(decoding: line[..<colon], as: UTF8.self).lowercased()
        let value = unsafe trimmed(line[(colon + 1)...])
        switch name {
        case "content-length":
            lengths += 1
            guard lengths == 1, let number = unsafe decimal(value) else { return .contentLength }
            length = number
            lengthName = offset + colon - 1
        case "transfer-encoding":
            codings += 1
            coding = unsafe String(decoding: value, as: UTF8.self).lowercased()
            hiddenNames.append(offset + colon - 1)
        case "expect":
            if unsafe String(decoding: value, as: UTF8.self).lowercased() == "100-continue" {
                expectsContinue = !isHTTP10
            } else {
                hasUnknownExpectation = true
            }
            hiddenNames.append(offset + colon - 1)
        default: break
        }
        return nil
    }

    /// 1 to 18 digits, so that nothing overflows.
    private func decimal(_ text: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard unsafe (1...18).contains(text.count) else { return nil }
        var number = 0
        for index in unsafe text.indices {
            let byte = unsafe text[index]
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int(byte & 0x0F)
        }
        return number
    }

    private func trimmed(_ text: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var text = unsafe text
        while let first = unsafe text.first, first == 0x20 || first == 0x09 { unsafe text = text.dropFirst() }
        while let last = unsafe text.last, last == 0x20 || last == 0x09 { unsafe text = text.dropLast() }
        return unsafe text
    }

    private static func index(of byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress,
            let found = unsafe memchr(base + start, Int32(byte), bytes.count - start)
        else { return nil }
        return unsafe base.distance(to: UnsafeRawPointer(found))
    }
}
