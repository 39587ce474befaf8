import ArgumentParser
import Logging

/// The flags of `serve`; nil where not given. `ServeSettings.resolve` adds the environment and the defaults.
package struct ServeFlags: ParsableArguments {
    @Option(help: Settings.host.help, transform: Settings.host.parse) var host: String?
    @Option(help: Settings.port.help, transform: Settings.port.parse) var port: Int?
    @Option(help: Settings.db.help, completion: .file(), transform: Settings.db.parse) var db: String?
    @Option(help: Settings.runner.help, transform: Settings.runner.parse) var runner: String?
    @Option(help: Settings.recipes.help, completion: .directory, transform: Settings.recipes.parse) var recipes: String?
    @Option(help: Settings.agentRoot.help, completion: .directory, transform: Settings.agentRoot.parse) var agentRoot: String?
    @Option(help: Settings.apiKey.help) var apiKey: String?
    @Option(help: Settings.apiKeyFile.help, completion: .file(), transform: Settings.apiKeyFile.parse) var apiKeyFile: String?
    @Flag(help: Settings.insecureNoKey.help) var insecureNoKey = false
    @Option(help: Settings.maxConcurrent.help, transform: Settings.maxConcurrent.parse) var maxConcurrent: Int?
    @Option(help: Settings.maxQueued.help, transform: Settings.maxQueued.parse) var maxQueued: Int?
    @Option(help: Settings.timeout.help, transform: Settings.timeout.parse) var timeout: Duration?
    @Option(help: Settings.maxAttempts.help, transform: Settings.maxAttempts.parse) var maxAttempts: Int?
    @Option(help: Settings.killGrace.help, transform: Settings.killGrace.parse) var killGrace: Duration?
    @Option(help: Settings.drainGrace.help, transform: Settings.drainGrace.parse) var drainGrace: Duration?
    @Option(help: Settings.retain.help, transform: Settings.retain.parse) var retain: Duration?
    @Option(help: Settings.retainLog.help, transform: Settings.retainLog.parse) var retainLog: Int?
    @Option(help: Settings.heartbeat.help, transform: Settings.heartbeat.parse) var heartbeat: Duration?
    @Option(help: Settings.maxStreams.help, transform: Settings.maxStreams.parse) var maxStreams: Int?
    @Option(help: Settings.maxConnections.help, transform: Settings.maxConnections.parse) var maxConnections: Int?
    @Option(help: Settings.maxBody.help, transform: Settings.maxBody.parse) var maxBody: Int?
    @Option(help: Settings.maxHeader.help, transform: Settings.maxHeader.parse) var maxHeader: Int?
    @Option(help: Settings.requestTimeout.help, transform: Settings.requestTimeout.parse) var requestTimeout: Duration?
    @Option(help: Settings.replyTimeout.help, transform: Settings.replyTimeout.parse) var replyTimeout: Duration?
    @Option(help: Settings.loopTimeout.help, transform: Settings.loopTimeout.parse) var loopTimeout: Duration?
    @Option(help: Settings.idleTimeout.help, transform: Settings.idleTimeout.parse) var idleTimeout: Duration?
    @Option(help: Settings.writeTimeout.help, transform: Settings.writeTimeout.parse) var writeTimeout: Duration?
    @Option(help: Settings.allowedHosts.help, transform: Settings.allowedHosts.parse) var allowedHosts: [String]?
    @Option(help: Settings.corsOrigins.help, transform: Settings.corsOrigins.parse) var corsOrigins: [String]?
    @Option(help: Settings.trustedProxies.help, transform: Settings.trustedProxies.parse) var trustedProxies: [String]?
    @Option(
        help: Settings.logLevel.help, completion: .list(["trace", "debug", "info", "warning", "error"]), transform: Settings.logLevel.parse)
    var logLevel: Logger.Level?
    @Option(help: Settings.logFormat.help, completion: .list(["text", "json"]), transform: Settings.logFormat.parse)
    var logFormat: ServeSettings.LogFormat?
    @Option(help: Settings.loops.help, transform: Settings.loops.parse) var loops: Int?

    package init() {}
}
