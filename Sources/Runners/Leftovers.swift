import Glibc

/// The processes that an earlier server on the same database left running, found without a parent of theirs: the second line behind the
/// guardian, for a crash of both.
///
/// A process counts if one of these proves that it is this instance's: a keeper's note with its number and its start time;
/// its working directory, if that is an attempt's; or the instance in its environment. What is below such a process counts too.
struct Leftovers {
    private let instance: String
    private let attemptsDirectory: String

    init(of settings: RunnerSettings) {
        instance = settings.instanceID
        attemptsDirectory = settings.attemptsDirectory
    }

    func find() -> [ProcessTable.Entry] {
        let variable = RunIdentity.variable(instance: instance)
        // As the kernel tells it: without symbolic links.
        let attempts = Self.resolved(attemptsDirectory).map { $0 + "/" }
        var roots = leaders()
        for pid in ProcessTable.all() {
            if ProcessTable.environment(of: pid, has: variable) || attempts.map({ isInside($0, pid) }) == true { roots.append(pid) }
        }
        return ProcessTable.below(roots)
    }

    /// The noted programs that still run, and the other members of their groups.
    private func leaders() -> [pid_t] {
        let living = LeaderNotes.read(in: attemptsDirectory).filter { ProcessTable.entry($0.pid)?.startTime == $0.startTime }
        guard !living.isEmpty else { return [] }
        let groups = Set(living.map(\.pid))
        return ProcessTable.all().filter { pid in ProcessTable.entry(pid).map { groups.contains($0.group) } == true }
    }

    private func isInside(_ attempts: String, _ pid: pid_t) -> Bool {
        guard let directory = ProcessTable.workingDirectory(of: pid), directory.hasPrefix(attempts) else { return false }
        let name = directory.dropFirst(attempts.count).prefix { $0 != "/" }
        return RunDirectory.isOurs(String(name))
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
