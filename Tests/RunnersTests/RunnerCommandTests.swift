import Foundation
import Runners
import Testing

struct RunnerCommandTests {
    @Test(
        arguments: [
            ("/bin/sh -c 'echo \"a b\"'", ["/bin/sh", "-c", "echo \"a b\""]),
            ("sh \"one two\" three\\ four", [nil, "one two", "three four"]),
            ("/bin/sh $HOME/y ~/x", ["/bin/sh", "HOME/y", "HOME/x"]),
            ("/bin/sh ''", ["/bin/sh", ""]),
        ] as [(String, [String?])])
    func `a command is split as a shell would, its program absolute`(command: String, expected: [String?]) throws {
        let words = try RunnerCommand.words(command)
        #expect(words.count == expected.count && words[0].hasPrefix("/"))
        for (word, expected) in zip(words, expected) {
            if let expected { #expect(word == expected.replacing("HOME", with: ProcessInfo.processInfo.environment["HOME"] ?? "")) }
        }
    }

    @Test(arguments: [
        ("sh -c $(id)", "command substitution is not allowed"),
        ("sh `id`", "command substitution is not allowed"),
        ("sh | cat", "it holds one of | & ; < > ( ) { } or a line break outside quotes; it is run without a shell"),
        ("sh 'open", "a quote or brace is not closed"),
        ("sh $NO_SUCH_VARIABLE_IS_SET", "it names a variable that is not set"),
    ])
    func `a command that cannot be split is refused with the reason`(command: String, why: String) {
        #expect(throws: RunnerCommandError.unreadable(command: command, why: why)) { try RunnerCommand.words(command) }
    }

    @Test func `a command without a program is refused`() {
        #expect(throws: RunnerCommandError.empty) { try RunnerCommand.words("  ") }
        #expect(throws: RunnerCommandError.empty) { try RunnerCommand.words("''") }
        for name in ["no-such-program-anywhere", "/etc/passwd", "/tmp", "./no-such-program"] {
            #expect(throws: RunnerCommandError.noProgram(name)) { try RunnerCommand.words(name + " argument") }
        }
    }

    @Test func `recipes are the executables of a directory, by file name`() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "recipes-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory.appending(path: "folder"), withIntermediateDirectories: true)
        for (name, mode) in [("zeta", 0o755), ("alpha.py", 0o755), ("notes.txt", 0o644), (".hidden", 0o755), ("with space", 0o755)] {
            try Data().write(to: directory.appending(path: name))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: directory.appending(path: name).path)
        }
        try FileManager.default.createSymbolicLink(at: directory.appending(path: "linked"), withDestinationURL: URL(filePath: "/bin/sh"))
        try FileManager.default.createSymbolicLink(
            at: directory.appending(path: "dangling"), withDestinationURL: URL(filePath: "/nonexistent"))
        let book = try RecipeBook(directory: directory.path)
        #expect(book.names == ["alpha.py", "linked", "with space", "zeta"])
        #expect(book.path(of: "zeta") == book.directory + "/zeta")
        for name in ["", ".", "..", "../bin/sh", "/bin/sh", "folder", "notes.txt", ".hidden", "zeta\0", "nothing", "folder/../zeta"] {
            #expect(book.path(of: name) == nil)
        }
        #expect(throws: RunnerCommandError.noDirectory("/nonexistent")) { try RecipeBook(directory: "/nonexistent") }
        #expect(throws: RunnerCommandError.noDirectory("/etc/passwd")) { try RecipeBook(directory: "/etc/passwd") }
    }

    @Test func `a recipe counts at once, and is believed to be there for a second`() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "recipes-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let (book, now) = (try RecipeBook(directory: directory.path), ContinuousClock.now)
        let recipe = directory.appending(path: "late").path
        #expect(!book.has("late", now: now))
        #expect(FileManager.default.createFile(atPath: recipe, contents: nil, attributes: [.posixPermissions: 0o755]))
        #expect(book.has("late", now: now))
        try FileManager.default.removeItem(atPath: recipe)
        #expect(book.has("late", now: now + .milliseconds(999)))
        #expect(!book.has("late", now: now + .seconds(1)))
    }
}
