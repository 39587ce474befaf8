import ArgumentParser

/// Builds the server's objects and runs them.
struct Serve {
    let settings: ServeSettings

    init(_ settings: ServeSettings) {
        self.settings = settings
    }

    func run() throws {
        throw ValidationError("the server is not wired yet")
    }
}
