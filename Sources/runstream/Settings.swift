import Logging

/// The table of settings of `serve`: names, help and how each is read. `ServeFlags` has a flag for each, `ServeSettings` a field.
enum Settings {
    static let host = Setting(
        "host", "Address to listen on", default: "127.0.0.1", placeholder: "address",
        legacy: ["PRAISONAI_JOBS_HOST", "PRAISONAI_JOBS_BIND_HOST"], parse: SettingText.host)
    static let port = Setting(
        "port", "Port to listen on; 0 takes any free one and prints it", default: "8005", placeholder: "port",
        legacy: ["PRAISONAI_JOBS_PORT"],
        parse: SettingText.integer(in: 0...65_535))
    static let db = Setting(
        "db", "Database file; made where it is missing", default: "$XDG_STATE_HOME/runstream/runstream.db", placeholder: "file",
        legacy: ["PRAISONAI_JOBS_DB_PATH"], parse: SettingText.text)
    static let runner = Setting(
        "runner", "Command for runs without a recipe; split into words as by a shell, started without one",
        placeholder: "command", parse: SettingText.text)
    static let recipes = Setting(
        "recipes", "Directory whose executables are recipes, by file name", placeholder: "directory", parse: SettingText.text)
    static let agentRoot = Setting(
        "agent-root", "Directory under which a run's agent_file must lie; without it agent_file is refused", placeholder: "directory",
        legacy: ["PRAISONAI_JOBS_AGENT_ROOT"], parse: SettingText.text)
    static let apiKey = Setting(
        "api-key", "Key that callers must show; better given by the variable or --api-key-file, since arguments show in process lists",
        placeholder: "key", legacy: ["PRAISONAI_JOBS_API_KEY"], parse: { $0 })
    static let apiKeyFile = Setting("api-key-file", "File with the API key in its first line", placeholder: "file", parse: SettingText.text)
    static let insecureNoKey = Setting(
        "insecure-no-key", "Listen beyond this machine without an API key", placeholder: "yes", parse: SettingText.boolean)
    static let maxConcurrent = Setting(
        "max-concurrent", "Runs at work at a time; 0 accepts runs and starts none", default: "10", placeholder: "count",
        legacy: ["PRAISONAI_MAX_CONCURRENT_JOBS", "PRAISONAI_JOBS_MAX_CONCURRENT"], parse: SettingText.integer(in: 0...100_000))
    static let maxQueued = Setting(
        "max-queued", "Runs that may wait; more are answered 503", default: "10 x max-concurrent", placeholder: "count",
        parse: SettingText.integer(in: 1...100_000_000))
    static let timeout = Setting(
        "timeout", "Time for an attempt of a run that names none", default: "3600", placeholder: "duration",
        legacy: ["PRAISONAI_JOB_TIMEOUT", "PRAISONAI_JOBS_DEFAULT_TIMEOUT"], parse: DurationArgument.parseRunTimeout)
    static let maxAttempts = Setting(
        "max-attempts", "Attempts of a run that names no number, the first included", default: "1", placeholder: "count",
        parse: SettingText.integer(in: 1...20))
    static let killGrace = Setting(
        "kill-grace", "Time between SIGTERM and SIGKILL when a run is ended", default: "5s", placeholder: "duration",
        parse: DurationArgument.parsePositive)
    static let drainGrace = Setting(
        "drain-grace", "Time that running processes get when the server is told to stop; caps the kill grace", default: "8s",
        placeholder: "duration", parse: DurationArgument.parsePositive)
    static let retain = Setting(
        "retain", "How long finished runs are kept", default: "7d", placeholder: "duration", parse: DurationArgument.parsePositive)
    static let retainLog = Setting(
        "retain-log", "Size of the log that a run may keep; older events are dropped", default: "64MiB", placeholder: "size",
        parse: SizeArgument.within(64 << 10...1 << 40))
    static let heartbeat = Setting(
        "heartbeat", "Silence after which a stream gets a comment", default: "4s", placeholder: "duration",
        parse: DurationArgument.parsePositive)
    static let maxStreams = Setting(
        "max-streams", "Event streams at a time", default: "what the limit of open files allows", placeholder: "count",
        parse: SettingText.integer(in: 1...100_000_000))
    static let maxConnections = Setting(
        "max-connections", "Connections at a time", default: "what the limit of open files allows", placeholder: "count",
        parse: SettingText.integer(in: 1...100_000_000))
    static let maxBody = Setting(
        "max-body", "Largest request body", default: "1MiB", placeholder: "size", parse: SizeArgument.within(1 << 10...1 << 30))
    static let maxHeader = Setting(
        "max-header", "Largest request head", default: "16KiB", placeholder: "size", parse: SizeArgument.within(1 << 10...1 << 20))
    static let requestTimeout = Setting(
        "request-timeout", "Time for a request to arrive; a body may take longer at 16 KiB/s", default: "10s", placeholder: "duration",
        parse: DurationArgument.parsePositive)
    static let replyTimeout = Setting(
        "reply-timeout", "Time that a request may wait for the database; then it is answered 503", default: "30s", placeholder: "duration",
        parse: DurationArgument.parsePositive)
    static let loopTimeout = Setting(
        "loop-timeout", "Time that a loop may be busy with one thing; then the log says so and /ready fails", default: "10s",
        placeholder: "duration", parse: DurationArgument.parsePositive)
    static let idleTimeout = Setting(
        "idle-timeout", "Time that a connection may wait for its next request", default: "75s", placeholder: "duration",
        parse: DurationArgument.parsePositive)
    static let writeTimeout = Setting(
        "write-timeout", "Time that a stream may take in nothing", default: "60s", placeholder: "duration",
        parse: DurationArgument.parsePositive)
    static let allowedHosts = Setting(
        "allowed-hosts", "Names, besides IP addresses and localhost, under which a server without an API key may be called",
        placeholder: "name,...", parse: SettingText.hostNames)
    static let corsOrigins = Setting(
        "cors-origins", "Origins whose pages may call; * opens reads to all", placeholder: "origin,...", legacy: ["JOBS_CORS_ORIGINS"],
        parse: SettingText.origins)
    static let trustedProxies = Setting(
        "trusted-proxies", "Addresses or networks whose X-Forwarded headers count", placeholder: "address,...", parse: SettingText.networks)
    static let logLevel = Setting(
        "log-level", "trace, debug, info, warning or error", default: "info", placeholder: "level", parse: SettingText.logLevel)
    static let logFormat = Setting("log-format", "text or json", default: "text", placeholder: "format", parse: SettingText.logFormat)
    static let loops = Setting(
        "loops", "Serving threads", default: "one a core", placeholder: "count", parse: SettingText.integer(in: 1...1024))
}
