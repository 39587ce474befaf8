import ArgumentParser

@main
struct Runstream: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runstream", abstract: "Submit runs over HTTP, stream their events, fetch their results.",
        discussion: """
            EXAMPLES
              runstream serve --recipes ./recipes
              runstream submit "Analyse the sales" --recipe analyze-csv --stream
              runstream submit "Again" --recipe-config @config.json --wait
              runstream submit - --wait < prompt.txt > result.txt
              runstream stream run_4be1c02a77d9
              runstream stream run_4be1c02a77d9 --json --last-event-id 41
              runstream result run_4be1c02a77d9 --json
              runstream list --status running
              runstream --generate-completion-script bash > runstream.bash

            The client commands talk to http://127.0.0.1:8005; RUNSTREAM_API_URL and RUNSTREAM_API_KEY say otherwise. Keep keys out of \
            arguments, which every user of the machine can see: use the variable or --api-key-file.

            \(ExitStatus.help)
            """,
        version: Version.current,
        groupedSubcommands: [
            CommandGroup(name: "Server", subcommands: [ServeCommand.self, HealthCommand.self, BackupCommand.self, RestoreCommand.self]),
            CommandGroup(
                name: "Runs",
                subcommands: [
                    SubmitCommand.self, StreamCommand.self, StatusCommand.self, ResultCommand.self, ListCommand.self, CancelCommand.self,
                    DeleteCommand.self,
                ]),
        ])

    /// Runs the command that the arguments name. Arguments that aren't UTF-8 are refused: `müller` and `möller` in latin-1 would both be read
    /// as `m\u{FFFD}ller`, as the same key, session or file.
    static func main() {
        StandardDescriptors.guardAll()
        for index in 0..<Int(CommandLine.argc) {
            guard let argument = unsafe CommandLine.unsafeArgv[index], unsafe String(validatingCString: argument) == nil else { continue }
            exit(withError: ValidationError("Argument \(index) isn't UTF-8: \(TerminalText.escape(CommandLine.arguments[index]))"))
        }
        let commands = configuration.groupedSubcommands.flatMap { $0.subcommands }.compactMap { $0.configuration.commandName } + ["help"]
        let words = CommandLine.arguments.dropFirst()
        if let word = words.first == "help" ? words.dropFirst().first : words.first,
            let complaint = CommandName.complaint(word, known: commands)
        {
            exit(withError: ValidationError(complaint))
        }
        main(nil)
    }
}
