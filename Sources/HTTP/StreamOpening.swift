/// How a request becomes an event stream.
package struct StreamOpening {
    /// The log.
    package var source: any StreamSource

    /// Where the stream goes on: a chunk's first byte, or the head.
    package var position: Int

    /// Headers beyond those that every stream has; names and values without CR and LF.
    package var headers: [(name: String, value: String)]

    /// Bytes of this viewer alone, in front of the log's: SSE text without chunk framing, which is added. On a transcoded stream it
    /// is transcoded as one chunk.
    package var prefix: [UInt8]

    /// nil for plain SSE.
    package var transcoder: (any ChunkTranscoder)?

    package init(
        source: any StreamSource, position: Int, headers: [(name: String, value: String)] = [], prefix: [UInt8] = [],
        transcoder: (any ChunkTranscoder)? = nil
    ) {
        self.source = source
        self.position = position
        self.headers = headers
        self.prefix = prefix
        self.transcoder = transcoder
    }

    /// The response's media type.
    var contentType: String { transcoder?.contentType ?? "text/event-stream" }

    /// The headers that every stream has.
    package static func headers(contentType: String) -> [(name: String, value: String)] {
        [("Content-Type", contentType), ("Cache-Control", "no-cache, no-transform"), ("X-Accel-Buffering", "no")]
    }

    /// The stream of a server that is going down: its prefix, then a clean end, so that the client comes back.
    ///
    /// A 503 would stop an `EventSource` for good. So would the 502 that a proxy makes of a connection that is closed without an answer.
    var ended: Response {
        var body = prefix
        if let transcoder {
            body = []
            unsafe prefix.withUnsafeBytes { unsafe transcoder.transcode($0, into: &body) }
        }
        return Response(
            status: 200, headers: Self.headers(contentType: contentType) + headers, body: .bytes(body),
            closesConnection: true)
    }
}
