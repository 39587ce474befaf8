import CCurl

/// libcurl's engine: transfers make progress only while somebody turns it, on that one thread. Connections are kept and used again.
@safe final class CurlMulti {
    private let handle: UnsafeMutableRawPointer

    init() throws(HTTPError) {
        guard let handle = unsafe curl_multi_init() else { throw .library("curl_multi_init") }
        unsafe self.handle = handle
    }

    deinit { unsafe curl_multi_cleanup(handle) }

    func add(_ transfer: CurlTransfer) throws(HTTPError) {
        try check(unsafe curl_multi_add_handle(handle, transfer.easy))
    }

    func remove(_ transfer: CurlTransfer) {
        unsafe curl_multi_remove_handle(handle, transfer.easy)
    }

    /// Does what can be done now, without waiting: sends, receives, calls back.
    func perform() throws(HTTPError) {
        var running: Int32 = 0
        try check(unsafe curl_multi_perform(handle, &running))
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(handle, &left) {
            let code = unsafe rs_curl_message_result(message)
            var context: UnsafeMutableRawPointer?
            unsafe rs_curl_get_private(message.pointee.easy_handle, &context)
            guard code >= 0, let context = unsafe context else { continue }
            unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().finish(CURLcode(UInt32(code)))
        }
    }

    /// Sleeps until there is something to do, at most `duration`.
    ///
    /// - Returns: whether `interrupt` has arrived.
    func wait(_ duration: Duration, interrupt: InterruptSignal?) throws(HTTPError) -> Bool {
        let milliseconds = max(.zero, duration).pollMilliseconds
        guard let interrupt else {
            try check(unsafe curl_multi_poll(handle, nil, 0, milliseconds, nil))
            return false
        }
        var extra = curl_waitfd(fd: interrupt.descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        try check(unsafe curl_multi_poll(handle, &extra, 1, milliseconds, nil))
        return extra.revents != 0
    }

    private func check(_ code: CURLMcode) throws(HTTPError) {
        if code != CURLM_OK { throw .library(unsafe String(cString: curl_multi_strerror(code))) }
    }
}
