import CProcess
import Glibc
import Support

/// The files in which keepers note which processes the runs' programs are, for a server that finds them after a crash. One for each life of
/// a server, beside the attempts' directories; its name holds the boot, without which a process's number and start time mean nothing.
enum LeaderNotes {
    struct Note {
        let pid: pid_t
        /// In clock ticks since boot.
        let startTime: UInt64
    }

    /// The file of a new life.
    static func path(in attempts: String, random: UInt64) -> String { "\(attempts)/\(prefix)\(String(random, radix: 16))" }

    /// What has been noted in this boot.
    static func read(in attempts: String) -> [Note] {
        let prefix = prefix
        return files(in: attempts).filter { $0.hasPrefix(prefix) }.flatMap { notes(in: "\(attempts)/\($0)") }
    }

    /// Removes the files of earlier lives.
    static func removeOthers(than own: String) {
        guard let slash = own.lastIndex(of: "/") else { return }
        let attempts = String(own[..<slash])
        for name in files(in: attempts) where "\(attempts)/\(name)" != own { remove("\(attempts)/\(name)") }
    }

    /// Removes a file: all that it notes has ended.
    static func remove(_ path: String) { unsafe _ = unlink(path) }

    /// Only names that `path` makes.
    private static func files(in attempts: String) -> [String] {
        ProcessTable.names(in: attempts).filter { name in
            let parts = name.split(separator: "-", omittingEmptySubsequences: false)
            return parts.count == 3 && parts[0] == "leaders" && parts[1].utf8.count == 32 && isHex(parts[1]) && isHex(parts[2])
        }
    }

    private static func isHex(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static var prefix: String {
        let boot = (ProcessTable.text("/proc/sys/kernel/random/boot_id") ?? "").filter { $0 != "-" && $0 != "\n" }
        return "leaders-\(boot.isEmpty ? String(repeating: "0", count: 32) : boot)-"
    }

    private static func notes(in path: String) -> [Note] {
        let size = RS_NOTE_BYTES
        guard let bytes = ProcessTable.bytes(of: path, limit: size * Limits.notes) else { return [] }
        return stride(from: 0, to: bytes.count, by: size).compactMap { start in
            let words = bytes[start..<min(start + size, bytes.count)].prefix { $0 != 0 }.split(separator: UInt8(ascii: " "))
            guard words.count == 2, let pid = pid_t(outside: String(decoding: words[0], as: UTF8.self), in: 1 ... .max),
                let startTime = UInt64(outside: String(decoding: words[1], as: UTF8.self), in: 1 ... .max)
            else { return nil }
            return Note(pid: pid, startTime: startTime)
        }
    }
}
