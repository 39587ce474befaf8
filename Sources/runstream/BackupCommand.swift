import ArgumentParser
import FoundationEssentials
import Storage
import Support

/// `runstream backup`: a copy of the database, also while the server runs.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the database into a file, also while the server runs.",
        discussion: """
            The copy is one consistent moment, checked, and readable by nobody else (mode 0600). The file has its name only once it is whole.

            Example: runstream backup --db runstream.db /backups/runs-$(date +%F).db
            """)

    @Option(help: Settings.db.help, completion: .file(), transform: Settings.db.parse) var db: String?
    @Argument(help: "The file to make.", completion: .file()) var file: String
    @Flag(help: "Replace the file if it is there.") var force = false
    @Flag(help: "Print what was made as JSON.") var json = false

    func run() throws {
        try DatabaseCommand.run(db: db, file: file, json: json, verb: "Backing up") { database, progress throws(BackupError) in
            try DatabaseBackup.backup(database, to: file, replaces: force, progress: progress)
        } done: { copy, _ in
            "Backed up \(copy.runs) runs (\(copy.bytes) bytes) to \(file)."
        }
    }
}

/// `runstream restore`: a backup in the database's place.
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in the database's place. Stop the server first.",
        discussion: """
            The backup is checked before anything is changed, and stays as it is. Runs that had not ended in it are taken up when the server \
            starts: what ran then counts as interrupted. Tokens for streams stay valid.

            Example: runstream restore --db runstream.db /backups/runs-2026-12-01.db --force
            """)

    @Option(help: Settings.db.help, completion: .file(), transform: Settings.db.parse) var db: String?
    @Argument(help: "The backup.", completion: .file()) var file: String
    @Flag(help: "Replace the database that is there.") var force = false
    @Flag(help: "Print what was restored as JSON.") var json = false

    func run() throws {
        try DatabaseCommand.run(db: db, file: file, json: json, verb: "Restoring") { database, progress throws(BackupError) in
            try DatabaseBackup.restore(file, to: database, replaces: force, progress: progress)
        } done: { copy, database in
            "Restored \(copy.runs) runs to \(database). Start the server: runstream serve --db \(database)"
        }
    }
}

/// What both commands do around their copy.
private enum DatabaseCommand {
    static func run(
        db: String?, file: String, json: Bool, verb: String,
        _ copy: (String, (Double) -> Void) throws(BackupError) -> DatabaseCopy, done: (DatabaseCopy, String) -> String
    ) throws {
        let style = Output.error.style
        var shown = -1
        let database: String
        do throws(SettingsError) {
            database = try ServeSettings.database(db, ProcessInfo.processInfo.environment)
        } catch {
            Output.notice("Error: \(error)")
            throw ExitCode(ExitStatus.usage.rawValue)
        }
        func clear() { if shown >= 0 { try? Output.error.write("\r\u{1B}[K") } }
        do {
            let made: DatabaseCopy
            do throws(BackupError) {
                made = try copy(database) { part in
                    let percent = Int(outside: part * 100, clampedTo: 0...100)
                    guard style.isInteractive, percent != shown else { return }
                    shown = percent
                    try? Output.error.write("\r\u{1B}[K\(verb) \(percent)%")
                }
            } catch {
                clear()
                throw failure(error)
            }
            clear()
            if json {
                try Output.standard.write(
                    "{\"database\": \(quoted(database)), \"file\": \(quoted(file)), \"runs\": \(made.runs), \"bytes\": \(made.bytes)}\n")
            } else {
                try Output.standard.write(done(made, database) + "\n")
            }
        } catch let failure as CommandFailure {
            Output.notice("Error: \(failure.message)")
            throw ExitCode(failure.status.rawValue)
        }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func failure(_ error: BackupError) -> CommandFailure {
        switch error {
        case .missing(let path): CommandFailure("there is no file \(path)", .usage)
        case .exists(let path): CommandFailure("\(path) is there already. To replace it: --force", .usage)
        case .sameFile(let path): CommandFailure("\(path) is the database itself", .usage)
        case .inUse(let path): CommandFailure("a server is using \(path). Stop it first", .inUse)
        case .damaged(let reason): CommandFailure(reason, .damaged)
        case .newerSchema(let path, let found, let known):
            CommandFailure("\(path) was written by a newer runstream (schema \(found); this one knows \(known)). Upgrade first", .damaged)
        case .system(let reason): CommandFailure(reason, .output)
        }
    }
}
