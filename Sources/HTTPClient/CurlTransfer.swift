import CCurl
import Support

/// One request on its way through libcurl: what has arrived so far, and how it ended.
///
/// Confined to the thread that turns its `CurlMulti`: libcurl calls back only from within a turn.
@safe final class CurlTransfer {
    /// The status and headers, once the blank line after them is in; interim (1xx) heads never show.
    private(set) var head: HTTPResponse?
    /// Body bytes that nobody has taken yet.
    var received: [UInt8] = []
    /// More than this many untaken bytes end the transfer.
    var limitBytes = Int.max
    /// Whether the limit did.
    private(set) var isTooLarge = false
    /// When a byte last came from the server; the start at first.
    private(set) var lastByte = ContinuousClock.now
    /// Set when it is over.
    private(set) var outcome: Result<Void, HTTPError>?

    let easy: UnsafeMutableRawPointer
    private let multi: CurlMulti
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let reason: UnsafeMutablePointer<CChar>
    private var partialHead: HTTPResponse?

    /// - Throws: `HTTPError.badURL`, or `.library` when libcurl lacks memory or an option.
    init(_ request: HTTPRequest, on multi: CurlMulti, connectTimeout: Duration) throws(HTTPError) {
        guard let easy = unsafe curl_easy_init() else { throw .library("curl_easy_init") }
        unsafe self.easy = easy
        self.multi = multi
        unsafe reason = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe reason.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try configure(request, connectTimeout: connectTimeout)
        try multi.add(self)
    }

    deinit {
        multi.remove(self)
        unsafe curl_easy_cleanup(easy)
        unsafe curl_slist_free_all(headerList)
        unsafe reason.deallocate()
    }

    /// Takes the body bytes that have arrived.
    func takeReceived() -> [UInt8] {
        defer { received.removeAll(keepingCapacity: true) }
        return received
    }

    /// Called by the multi with libcurl's verdict.
    func finish(_ code: CURLcode) {
        outcome = code == CURLE_OK ? .success(()) : .failure(error(code))
    }

    private func configure(_ request: HTTPRequest, connectTimeout: Duration) throws(HTTPError) {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        try check(unsafe rs_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, reason))
        try check(unsafe rs_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        try check(unsafe rs_curl_set_string(easy, CURLOPT_URL, request.url))
        try check(unsafe rs_curl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method))
        if let body = request.body {
            try check(unsafe body.withUnsafeBytes { bytes in unsafe rs_curl_set_body(easy, bytes.baseAddress, bytes.count) })
        }
        try check(unsafe rs_curl_set_long(easy, CURLOPT_NOBODY, request.method == "HEAD" ? 1 : 0))
        setHeaders(request)
        try check(unsafe rs_curl_set_list(easy, CURLOPT_HTTPHEADER, headerList))
        try check(unsafe rs_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(connectTimeout.pollMilliseconds)))
        try check(unsafe rs_curl_set_long(easy, CURLOPT_QUICK_EXIT, 1))  // an interrupted name look-up must not hold up the exit
        if LoopbackHost.isIn(url: request.url) { try check(unsafe rs_curl_set_string(easy, CURLOPT_NOPROXY, "*")) }
        try check(unsafe rs_curl_set_pointer(easy, CURLOPT_PRIVATE, me))
        try check(unsafe rs_curl_set_write(easy, CURLOPT_HEADERFUNCTION, unsafe CurlTransfer.onHeader))
        try check(unsafe rs_curl_set_pointer(easy, CURLOPT_HEADERDATA, me))
        try check(unsafe rs_curl_set_write(easy, CURLOPT_WRITEFUNCTION, unsafe CurlTransfer.onBody))
        try check(unsafe rs_curl_set_pointer(easy, CURLOPT_WRITEDATA, me))
    }

    private func setHeaders(_ request: HTTPRequest) {
        for header in request.headers {
            unsafe headerList = curl_slist_append(headerList, "\(header.name): \(header.value)")
        }
        if request.body != nil, !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            unsafe headerList = curl_slist_append(headerList, "Content-Type:")  // or libcurl calls it a form
        }
        // Or libcurl waits a second for "100 Continue" before a body over 1 MiB.
        unsafe headerList = curl_slist_append(headerList, "Expect:")
    }

    private func check(_ code: CURLcode) throws(HTTPError) {
        if code != CURLE_OK { throw error(code) }
    }

    private func error(_ code: CURLcode) -> HTTPError {
        let written = unsafe String(cString: reason)
        return HTTPError(code, reason: written.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : written)
    }

    private static let onHeader: curl_write_callback = { bytes, size, count, context in
        guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
        let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        transfer.takeHeaderLine(unsafe String(decoding: unsafe UnsafeRawBufferPointer(start: bytes, count: size * count), as: UTF8.self))
        return size * count
    }

    private static let onBody: curl_write_callback = { bytes, size, count, context in
        guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
        let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        return unsafe transfer.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastByte = .now
        guard received.count + bytes.count <= limitBytes else {
            isTooLarge = true
            return false
        }
        unsafe received.append(contentsOf: bytes)
        return true
    }

    private func takeHeaderLine(_ line: String) {
        lastByte = .now
        let text = line.trimmingSuffix { $0.isNewline }
        if text.hasPrefix("HTTP/"), let status = text.split(separator: " ").dropFirst().first.flatMap({ Int(outside: $0, in: 100...999) }) {
            partialHead = HTTPResponse(status: status)
        } else if text.isEmpty {
            if let partialHead, partialHead.status >= 200 { head = partialHead }
            partialHead = nil
        } else if let colon = text.firstIndex(of: ":") {
            partialHead?.headers.append(HTTPHeader(String(text[..<colon]), text[text.index(after: colon)...].trimmingSpaces()))
        }
    }
}

extension HTTPError {
    /// libcurl's code in our terms.
    init(_ code: CURLcode, reason: String) {
        self =
            switch code {
            // The same code stands for a bad scheme and for an answer without a status line.
            case CURLE_UNSUPPORTED_PROTOCOL where reason.contains("HTTP/0.9"): .badResponse(reason)
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badURL(reason)
            case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY, CURLE_INTERFACE_FAILED:
                .unreachable(reason)
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
                CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_USE_SSL_FAILED:
                .tls(reason)
            case CURLE_OPERATION_TIMEDOUT: .timeout(reason)
            case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM: .broken(reason)
            case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP_RETURNED_ERROR, CURLE_BAD_CONTENT_ENCODING, CURLE_WRITE_ERROR: .badResponse(reason)
            default: .library(reason)
            }
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> SubSequence {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return self[startIndex..<end]
    }

    fileprivate func trimmingSpaces() -> String {
        String(drop { $0 == " " || $0 == "\t" }.trimmingSuffix { $0 == " " || $0 == "\t" })
    }
}
