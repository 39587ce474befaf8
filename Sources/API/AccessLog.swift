import EventLoop
import HTTP
import Jobs
import Logging

/// One line per answer at debug level: method, path, status, time and the run. Never the query, which may hold a token, and no header.
struct AccessLog {
    private let logger: Logger

    init(_ logger: Logger) {
        self.logger = logger
    }

    func answered(_ method: Method, _ path: String, _ status: Int, _ duration: Duration) {
        var metadata: Logger.Metadata = [
            "method": "\(method.rawValue)", "path": "\(path.clipped)", "status": "\(status)",
            "milliseconds": "\(Double(duration.nanoseconds / 1000) / 1000)",
        ]
        if let id = path.split(separator: "/").lazy.compactMap({ JobID(String($0)) }).first { metadata["job_id"] = "\(id)" }
        logger.debug("request", metadata: metadata)
    }

    /// Which run a submit came to: its path doesn't name one.
    func submitted(_ id: JobID, isNew: Bool) {
        logger.debug("request's run", metadata: ["job_id": "\(id)", "is_new": "\(isNew)"])
    }
}
