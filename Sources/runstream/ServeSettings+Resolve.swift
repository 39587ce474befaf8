import HTTPClient

extension ServeSettings {
    /// Puts the settings together: the flag, else `RUNSTREAM_...`, else PraisonAI's variable, else the default.
    ///
    /// Pure but for `readFile`.
    ///
    /// - Parameters:
    ///   - flags: as parsed.
    ///   - environment: empty values count as not set.
    ///   - cores: the default number of serving threads.
    ///   - readFile: the text of a file; asked only for an API key file.
    /// - Returns: complete settings.
    /// - Throws: `SettingsError`, for the person who starts the server.
    package static func resolve(
        _ flags: ServeFlags, environment: [String: String], cores: Int, readFile: (String) throws(ArgumentProblem) -> String
    ) throws(SettingsError) -> ServeSettings {
        var settings = ServeSettings(databasePath: try database(flags.db, environment), loops: max(1, cores))
        func set<Value>(_ field: WritableKeyPath<ServeSettings, Value>, _ setting: Setting<Value>, _ flag: Value?) throws(SettingsError) {
            if let value = try setting.resolve(flag, environment) { settings[keyPath: field] = value }
        }
        try set(\.host, Settings.host, flags.host)
        try set(\.port, Settings.port, flags.port)
        settings.runner = try Settings.runner.resolve(flags.runner, environment)
        settings.recipesDirectory = try Settings.recipes.resolve(flags.recipes, environment)
        settings.agentRoot = try Settings.agentRoot.resolve(flags.agentRoot, environment)
        settings.apiKey = try apiKey(flags, environment, readFile)
        try set(\.insecureNoKey, Settings.insecureNoKey, flags.insecureNoKey ? true : nil)
        try set(\.maxConcurrent, Settings.maxConcurrent, flags.maxConcurrent)
        settings.maxQueued = settings.maxConcurrent == 0 ? 100 : 10 * settings.maxConcurrent
        try set(\.maxQueued, Settings.maxQueued, flags.maxQueued)
        try set(\.runTimeout, Settings.timeout, flags.timeout)
        try set(\.maxAttempts, Settings.maxAttempts, flags.maxAttempts)
        try set(\.killGrace, Settings.killGrace, flags.killGrace)
        try set(\.drainGrace, Settings.drainGrace, flags.drainGrace)
        try set(\.retain, Settings.retain, flags.retain)
        try set(\.retainLogBytes, Settings.retainLog, flags.retainLog)
        try set(\.logLevel, Settings.logLevel, flags.logLevel)
        try set(\.logFormat, Settings.logFormat, flags.logFormat)
        try set(\.loops, Settings.loops, flags.loops)
        try settings.resolveHTTP(flags, environment)
        guard settings.isLoopback || settings.apiKey != nil || settings.insecureNoKey else { throw .keyRequired(host: settings.host) }
        return settings
    }

    /// The settings that bound and guard connections.
    private mutating func resolveHTTP(_ flags: ServeFlags, _ environment: [String: String]) throws(SettingsError) {
        heartbeat = try Settings.heartbeat.resolve(flags.heartbeat, environment) ?? heartbeat
        maxStreams = try Settings.maxStreams.resolve(flags.maxStreams, environment)
        maxConnections = try Settings.maxConnections.resolve(flags.maxConnections, environment)
        maxBodyBytes = try Settings.maxBody.resolve(flags.maxBody, environment) ?? maxBodyBytes
        maxHeaderBytes = try Settings.maxHeader.resolve(flags.maxHeader, environment) ?? maxHeaderBytes
        requestTimeout = try Settings.requestTimeout.resolve(flags.requestTimeout, environment) ?? requestTimeout
        replyTimeout = try Settings.replyTimeout.resolve(flags.replyTimeout, environment) ?? replyTimeout
        loopTimeout = try Settings.loopTimeout.resolve(flags.loopTimeout, environment) ?? loopTimeout
        idleTimeout = try Settings.idleTimeout.resolve(flags.idleTimeout, environment) ?? idleTimeout
        writeTimeout = try Settings.writeTimeout.resolve(flags.writeTimeout, environment) ?? writeTimeout
        allowedHosts = try Settings.allowedHosts.resolve(flags.allowedHosts, environment) ?? allowedHosts
        corsOrigins = try Settings.corsOrigins.resolve(flags.corsOrigins, environment) ?? corsOrigins
        trustedProxies = try Settings.trustedProxies.resolve(flags.trustedProxies, environment) ?? trustedProxies
    }

    static func database(_ flag: String?, _ environment: [String: String]) throws(SettingsError) -> String {
        if let path = try Settings.db.resolve(flag, environment) { return try DatabasePath.check(path) }
        // The XDG rules: a relative path there is to be ignored.
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return "\(state)/runstream/runstream.db" }
        guard let home = environment["HOME"], !home.isEmpty else { throw .noStateDirectory }
        return "\(home)/.local/state/runstream/runstream.db"
    }

    /// Flags come before variables, and each key before its file.
    private static func apiKey(
        _ flags: ServeFlags, _ environment: [String: String], _ readFile: (String) throws(ArgumentProblem) -> String
    ) throws(SettingsError) -> String? {
        let source = APIKeySource(
            flag: flags.apiKey, fileFlag: flags.apiKeyFile, variables: ["RUNSTREAM_API_KEY"], fileVariables: ["RUNSTREAM_API_KEY_FILE"],
            lastVariables: Settings.apiKey.legacyVariables)
        return try source.resolve(environment, readFile: readFile)
    }
}
