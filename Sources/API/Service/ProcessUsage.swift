import Glibc
import Support

/// What the kernel says that this process uses.
struct ProcessUsage {
    /// Bytes of resident memory; nil without /proc.
    let residentBytes: Int?
    /// Open descriptors; nil without /proc.
    let openFiles: Int?
    /// The soft limit of open descriptors.
    let maxFiles: UInt64
    /// CPU time of all threads, user and system, in seconds.
    let cpuSeconds: Double

    static func now() -> ProcessUsage {
        var usage = rusage()
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return ProcessUsage(
            residentBytes: residentBytes(), openFiles: openFiles(), maxFiles: UInt64(limit.rlim_cur),
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime))
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }

    private static func residentBytes() -> Int? {
        let fd = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        let text = unsafe String(unsafeUninitializedCapacity: 256) { buffer in unsafe max(0, read(fd, buffer.baseAddress, 256)) }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? Int(outside: fields[1], in: 0...1 << 40).map { $0 * sysconf(Int32(_SC_PAGESIZE)) } : nil
    }

    /// Since Linux 6.2 the directory's size is the number; before, its entries are counted.
    private static func openFiles() -> Int? {
        var status = stat()
        if unsafe stat("/proc/self/fd", &status) == 0, status.st_size > 0 { return Int(status.st_size) }
        guard let directory = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Not ".", ".." and the directory's own.
        return count - 3
    }
}
