import CLibevent

/// A request's method.
package enum Method: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"
    case trace = "TRACE"
    /// Never given to a handler: answered with 501.
    case other = "-"

    init(_ command: evhttp_cmd_type) {
        self =
            switch command {
            case EVHTTP_REQ_GET: .get
            case EVHTTP_REQ_HEAD: .head
            case EVHTTP_REQ_POST: .post
            case EVHTTP_REQ_PUT: .put
            case EVHTTP_REQ_PATCH: .patch
            case EVHTTP_REQ_DELETE: .delete
            case EVHTTP_REQ_OPTIONS: .options
            case EVHTTP_REQ_TRACE: .trace
            default: .other
            }
    }

    /// What evhttp lets through to us, so that 405 is ours; CONNECT too, since it would keep the connection after refusing one. Never
    /// all bits: then unknown methods would skip their body.
    static var allowed: UInt16 {
        let commands = [
            EVHTTP_REQ_GET, EVHTTP_REQ_HEAD, EVHTTP_REQ_POST, EVHTTP_REQ_PUT, EVHTTP_REQ_PATCH, EVHTTP_REQ_DELETE, EVHTTP_REQ_OPTIONS,
            EVHTTP_REQ_TRACE, EVHTTP_REQ_CONNECT,
        ]
        return commands.reduce(0) { $0 | UInt16($1.rawValue) }
    }
}
