import EventLoop
import HTTP
import Logging

/// One line per answer at debug level: method, path, status and time. Never the query, which may hold a token, and no header.
struct AccessLog {
    private let logger: Logger

    init(_ logger: Logger) {
        self.logger = logger
    }

    func answered(_ method: Method, _ path: String, _ status: Int, _ duration: Duration) {
        logger.debug(
            "request",
            metadata: [
                "method": "\(method.rawValue)", "path": "\(path.clipped)", "status": "\(status)",
                "milliseconds": "\(Double(duration.nanoseconds / 1000) / 1000)",
            ])
    }
}
