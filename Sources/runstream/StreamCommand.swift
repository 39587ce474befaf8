import ArgumentParser

/// `runstream stream`: watches a run.
struct StreamCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream", abstract: "Watch a run: its progress and log, from the start until it ends.",
        discussion: """
            A lost connection is taken up again where it was. Ctrl-C leaves the run alone and says how to come back. \
            A run that has ended shows its whole log.
            """)

    /// Where a viewer begins.
    enum Start: String, ExpressibleByArgument, CaseIterable {
        case start, now
    }

    @Argument(help: "The run's id.") var runID: RunIDArgument
    @Option(help: "Begin with the run's first event (start) or with the latest progress (now).") var from = Start.start
    @Option(help: ArgumentHelp("Begin after this event; --from then counts for nothing.", valueName: "number")) var lastEventID: Int?
    @Flag(help: "Print each event as one line of JSON.") var json = false
    @OptionGroup var watch: WatchOptions
    @OptionGroup var client: ClientOptions

    func validate() throws {
        if let lastEventID, lastEventID < 0 { throw ValidationError("--last-event-id must not be negative") }
    }

    func execute() throws -> ExitStatus {
        var options = watch.watcherOptions(knowsServer: false, client: client)
        options.from = from.rawValue
        options.lastEventID = lastEventID
        let view = EventView(json ? .json : .full, output: .standard)
        var watcher = RunWatcher(try client.connect(), id: runID, options: options, view: view)
        return try watcher.watch()
    }
}
