import ArgumentParser

@main
struct Runstream: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runstream", abstract: "Submit runs over HTTP, stream their events, fetch their results.")
}
