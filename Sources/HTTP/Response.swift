/// A short reply: whole in memory, with a length.
package struct Response: Sendable {
    /// 200...599.
    package var status: Int

    /// In this order; names and values without CR and LF (others are left out). `Content-Length`, `Date` and `Connection` are not
    /// given: they are added.
    package var headers: [(name: String, value: String)]

    package var body: Body

    /// Closes the connection behind this reply. 413 and 421 always do, so that bytes which arrive later are never read as a request.
    package var closesConnection: Bool

    /// A response, by default empty.
    package init(status: Int, headers: [(name: String, value: String)] = [], body: Body = .none, closesConnection: Bool = false) {
        self.status = status
        self.headers = headers
        self.body = body
        self.closesConnection = closesConnection
    }

    /// The response as bytes, for where there is no evhttp to send it; it closes the connection.
    var page: [UInt8] {
        var head = "HTTP/1.1 \(status) \(reasonPhrase(status))\r\n"
        for (name, value) in headers where !(name + value).utf8.contains(where: { $0 < 0x20 && $0 != 0x09 }) {
            head += "\(name): \(value)\r\n"
        }
        head += "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        guard case .bytes(let bytes) = body else { return Array(head.utf8) }
        return Array(head.utf8) + bytes
    }

    /// What follows the head. For HEAD it is measured, not sent.
    package enum Body: Sendable {
        case none
        /// Copied into the connection's buffer.
        case bytes([UInt8])
        /// Sent without a copy, and kept until it is sent.
        case shared(SharedBytes)
        /// No body, but the length that the one left out would have had; for HEAD of what is costly to make.
        case length(Int)
        /// For HEAD of what a GET would answer with a stream: no body and no length.
        case stream

        /// Whether a `Content-Length` can be given.
        var hasLength: Bool {
            if case .stream = self { false } else { true }
        }

        /// Bytes, for `Content-Length`.
        package var count: Int {
            switch self {
            case .none, .stream: 0
            case .bytes(let bytes): bytes.count
            case .shared(let shared): shared.count
            case .length(let count): count
            }
        }
    }
}

/// Immutable bytes that many replies send; for snapshots rendered once per change.
@safe package final class SharedBytes: @unchecked Sendable {
    // Sendable: the memory is written before the initializer returns and never again, and freed when nobody holds it.
    private let memory: UnsafeMutableRawBufferPointer

    /// Copies the bytes once, to where libevent can refer to them.
    package init(_ bytes: [UInt8]) {
        unsafe memory = .allocate(byteCount: bytes.count, alignment: 1)
        unsafe memory.copyBytes(from: bytes)
    }

    deinit { unsafe memory.deallocate() }

    /// How many bytes there are.
    package var count: Int { unsafe memory.count }

    /// The bytes, valid while the object lives.
    var buffer: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(memory) }
}

/// The reason phrase of a status, of RFC 9110.
func reasonPhrase(_ status: Int) -> StaticString {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 411: "Length Required"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: "Status"
    }
}
