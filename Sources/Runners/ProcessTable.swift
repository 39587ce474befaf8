import CProcess
import Glibc
import Support

/// The kernel's list of processes, as far as runs need it. Reads of /proc, some microseconds each.
enum ProcessTable {
    /// What a process is, by its `stat` file.
    struct Entry {
        let pid: pid_t
        let parent: pid_t
        let group: pid_t
        /// In clock ticks since boot: tells a process from a later one with its number.
        let startTime: UInt64
        /// It has ended and waits to be reaped.
        let isZombie: Bool
    }

    /// Nil when there is no such process.
    static func entry(_ pid: pid_t) -> Entry? {
        guard let text = read("/proc/\(pid)/stat", limit: 4096), let close = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        // From field 3 on; the name in parentheses before it may hold anything.
        let fields = text[(close + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 21)
        guard fields.count > 19, let parent: pid_t = number(fields[1]), let group: pid_t = number(fields[2]),
            let start: UInt64 = number(fields[19])
        else {
            return nil
        }
        let state = fields[0].first
        // A process whose main thread has ended while others go on is a zombie by its state, but not by its number of threads (field 20).
        let isZombie = (state == UInt8(ascii: "Z") || state == UInt8(ascii: "X")) && (number(fields[17]) ?? Int(0)) <= 1
        return Entry(pid: pid, parent: parent, group: group, startTime: start, isZombie: isZombie)
    }

    /// The children of one thread, zombies included. A process's orphans come to its main thread.
    static func children(of pid: pid_t, thread: pid_t) -> [pid_t] {
        (read("/proc/\(pid)/task/\(thread)/children", limit: 1 << 20) ?? []).split(separator: UInt8(ascii: " ")).compactMap {
            number($0)
        }
    }

    /// The children of all threads of a process.
    static func children(of pid: pid_t) -> [pid_t] {
        numbers(in: "/proc/\(pid)/task").flatMap { children(of: pid, thread: $0) }
    }

    /// The processes with these numbers and all that is below them, less those that have ended.
    static func below(_ roots: [pid_t], sparing me: pid_t = getpid()) -> [Entry] {
        var found: [pid_t: Entry] = [:]
        var open = roots
        while let pid = open.popLast() {
            guard pid != me, found[pid] == nil, let entry = entry(pid), !entry.isZombie else { continue }
            found[pid] = entry
            open += children(of: pid)
        }
        return Array(found.values)
    }

    /// All processes.
    static func all() -> [pid_t] { numbers(in: "/proc") }

    /// Whether a process has `variable` (`NAME=value`) in its environment, as it was when it was started.
    static func environment(of pid: pid_t, has variable: String) -> Bool {
        // 2 MiB is the kernel's usual limit for arguments and environment together.
        guard let text = read("/proc/\(pid)/environ", limit: 2 << 20), !text.isEmpty else { return false }
        return text.split(separator: 0).contains { $0.elementsEqual(variable.utf8) }
    }

    /// Where a process works, without symbolic links; nil if there is none or it may not be looked at.
    static func workingDirectory(of pid: pid_t) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return -1 }
            return unsafe readlink("/proc/\(pid)/cwd", start, buffer.count)
        }
        return count > 0 ? String(validating: bytes.prefix(count), as: UTF8.self) : nil
    }

    /// A file's bytes, up to about `limit`; nil if it cannot be read.
    static func bytes(of path: String, limit: Int) -> [UInt8]? { read(path, limit: limit) }

    /// A small file's text.
    static func text(_ path: String) -> String? { read(path, limit: 4096).map { String(decoding: $0, as: UTF8.self) } }

    private static func number<Number: FixedWidthInteger>(_ text: some Sequence<UInt8>) -> Number? {
        Number(outside: String(decoding: Array(text), as: UTF8.self), in: .min ... .max)
    }

    private static func numbers(in directory: String) -> [pid_t] { names(in: directory).compactMap { pid_t(outside: $0, in: 1 ... .max) } }

    /// The entries of a directory, but those that begin with a dot or are no UTF-8.
    static func names(in directory: String) -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { name in
                unsafe String(validating: name.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let name, !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func read(_ path: String, limit: Int) -> [UInt8]? {
        let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var bytes: [UInt8] = []
        var chunk = 4096
        while bytes.count < limit {
            var got = 0
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: chunk))
            unsafe bytes.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return }
                got = unsafe Glibc.read(fd, base + start, chunk)
            }
            bytes.removeLast(chunk - max(got, 0))
            guard got > 0 else { return got < 0 && bytes.isEmpty ? nil : bytes }
            chunk = min(chunk * 4, 1 << 18)
        }
        return bytes
    }
}
