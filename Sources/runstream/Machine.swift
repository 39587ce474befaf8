import EventLoop
import FoundationEssentials
import Glibc
import Jobs

/// The time of day.
enum WallClock {
    static func now() -> Jobs.Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Jobs.Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}

/// What tells one start of the machine from the next: a power cut from a crash of the server.
enum BootID {
    /// Empty where the kernel does not say; then every unclean end counts as a crash.
    static var current: String {
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    }
}

/// Descriptors that are not for connections.
enum FileReserve {
    /// The database, its readers, the loops, and a few pipes for each run at work.
    static func descriptors(maxConcurrent: Int, loops: Int) -> Int {
        64 + loops * 16 + min(maxConcurrent, 4096) * 6
    }
}

/// The libraries that the server stands on.
enum LibraryVersions {
    static func check() throws {
        let status = try? String(contentsOfFile: "/var/lib/dpkg/status", encoding: .utf8)
        if let objection = LibeventVersion.objection(dpkgStatus: status) { throw ServeError(objection) }
    }
}
