import HTTPClient
import Logging

/// Everything that `runstream serve` was told, checked and complete.
package struct ServeSettings: Sendable, Equatable {
    package enum LogFormat: String, Sendable {
        case text, json
    }

    /// Address or name to listen on; an IPv6 address is without brackets.
    package var host = "127.0.0.1"
    /// 0: any free port, to be printed.
    package var port = 8005
    /// The database's path, its directory perhaps not there yet.
    package var databasePath: String
    /// The command of runs without a recipe, not yet split into words.
    package var runner: String?
    /// The directory of recipes.
    package var recipesDirectory: String?
    /// The directory that an `agent_file` must lie in; nil refuses `agent_file`.
    package var agentRoot: String?
    /// Printable ASCII without spaces; nil lets everybody in.
    package var apiKey: String?
    /// Listening beyond loopback without a key was asked for expressly.
    package var insecureNoKey = false
    /// Runs at work at a time; 0 starts none.
    package var maxConcurrent = 10
    /// Runs that may wait.
    package var maxQueued = 100
    /// For each attempt of a run that names none: whole seconds, 1...2,592,000.
    package var runTimeout: Duration = .seconds(3600)
    /// 1...20, for runs that name none.
    package var maxAttempts = 1
    /// From SIGTERM to SIGKILL.
    package var killGrace: Duration = .seconds(5)
    /// From the server's SIGTERM to the end of what still runs; it caps the kill grace.
    package var drainGrace: Duration = .seconds(8)
    /// How long finished runs are kept.
    package var retain: Duration = .seconds(7 * 86_400)
    /// The log that each run may keep.
    package var retainLogBytes = 64 << 20
    /// Silence before a stream gets a comment.
    package var heartbeat: Duration = .seconds(4)
    /// nil: what the limit of open files allows, less a reserve.
    package var maxStreams: Int?
    /// nil: what the limit of open files allows, less a reserve.
    package var maxConnections: Int?
    package var maxBodyBytes = 1 << 20
    package var maxHeaderBytes = 16 << 10
    /// For a whole request to arrive, from its first byte.
    package var requestTimeout: Duration = .seconds(10)
    /// For what a reply waits for.
    package var replyTimeout: Duration = .seconds(30)
    /// How long a loop may take for one turn before the log says so and `/ready` fails.
    package var loopTimeout: Duration = .seconds(10)
    /// Between two requests of a connection.
    package var idleTimeout: Duration = .seconds(75)
    /// For a stream that takes in nothing.
    package var writeTimeout: Duration = .seconds(60)
    /// Lower-case names that `Host` may have on a server without a key.
    package var allowedHosts: [String] = []
    /// Lower-case origins, or `*`.
    package var corsOrigins: [String] = []
    /// Addresses and networks (`10.0.0.0/8`) whose `X-Forwarded-` headers count.
    package var trustedProxies: [String] = []
    package var logLevel: Logger.Level = .info
    package var logFormat: LogFormat = .text
    /// Serving threads.
    package var loops: Int

    /// The contract's defaults.
    package init(databasePath: String, loops: Int) {
        self.databasePath = databasePath
        self.loops = loops
    }

    /// Whether only this machine can reach the server.
    package var isLoopback: Bool { LoopbackHost.isName(host) }
}
