import ArgumentParser
import FoundationEssentials
import Runners

/// `runstream serve`: reads the settings, nothing else.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the server.",
        discussion: """
            Each flag may also be given by the variable named with it; a flag wins. PraisonAI's variables are understood where they mean \
            the same. Durations: 250ms, 4s, 10m, 2h, 7d, a bare number is seconds. Sizes: bytes, 64KiB, 16MiB, 1GiB.

            Example: runstream serve --recipes ./recipes
            """)

    @OptionGroup var flags: ServeFlags

    func run() throws {
        let settings: ServeSettings
        do throws(SettingsError) {
            let process = ProcessInfo.processInfo
            settings = try ServeSettings.resolve(
                flags, environment: process.environment, cores: process.activeProcessorCount, readFile: LocalFile.readText)
            try check("recipes", settings.recipesDirectory)
            try check("agent-root", settings.agentRoot)
            try check(runner: settings.runner)
        } catch {
            Output.notice("Error: \(error)")
            throw ExitCode(ExitStatus.usage.rawValue)
        }
        try Serve(settings).run()
    }

    private func check(runner command: String?) throws(SettingsError) {
        guard let command else { return }
        do throws(RunnerCommandError) { _ = try RunnerCommand.words(command) } catch { throw .runner(problem: "\(error)") }
    }

    private func check(_ flag: String, _ path: String?) throws(SettingsError) {
        if let path, !LocalFile.isDirectory(path) { throw .notADirectory(flag: flag, path: path) }
    }
}
