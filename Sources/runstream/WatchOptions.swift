import ArgumentParser
import HTTPClient

/// How patiently a stream is followed.
struct WatchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long to try again when the connection is lost or the server fails; 0 never does (default: 5m)", valueName: "duration"),
        transform: DurationArgument.parse)
    var retryFor: Duration?

    @Option(
        help: ArgumentHelp(
            "Silence after which a connection counts as dead: three of the server's heartbeats (default: 15s)", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var stallTimeout: Duration?

    /// `knowsServer` says whether it has answered just now; otherwise a first failure is retried only where the user asked for it.
    func watcherOptions(knowsServer: Bool, client: ClientOptions) -> RunWatcher.Options {
        var options = RunWatcher.Options()
        options.policy = ReconnectPolicy(giveUpAfter: retryFor ?? .seconds(300), retriesFirstContact: knowsServer || retryFor != nil)
        options.stallTimeout = stallTimeout ?? options.stallTimeout
        options.comeBackOptions = client.comeBackOptions
        return options
    }
}
