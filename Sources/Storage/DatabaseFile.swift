import Glibc
import Jobs
import Locking

/// The database's file before SQLite has it: made, locked against a second server, and looked at.
///
/// The lock is `flock` on the file itself. It belongs to the open file, whatever path, link or mount led to it, and the kernel takes it
/// back when
/// the process dies, however it dies. SQLite's own locks are of another kind (`fcntl`) and are not touched by it. One trap: closing any
/// descriptor
/// of a file drops the process's `fcntl` locks on it, so this one is closed after SQLite's, and nothing opens the file a second time.
final class DatabaseFile: Sendable {
    /// Absolute, without symbolic links.
    let path: String
    private let descriptor: Int32
    private let isOpen = Lock(true)

    /// What says that a database is ours: "RnSt".
    static let applicationID: UInt32 = 0x526E_5374

    /// Makes the file if there is none (mode 0600, missing directories 0700), and locks it.
    init(path: String) throws(StoreError) {
        guard !path.isEmpty else { throw .unavailable("the database has an empty path") }
        try Self.makeDirectory(of: path)
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unavailable("cannot open the database \(path): \(describe(errno: errno))") }
        do throws(StoreError) {
            self.path = try Self.resolve(path)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        // From here on `deinit` closes it, also when this throws.
        try check()
    }

    deinit {
        close()
    }

    /// The file's device and inode, as text: what a copy of it doesn't share.
    var fileID: String {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return "" }
        return "\(status.st_dev):\(status.st_ino)"
    }

    /// Whether other users of the machine can read it: prompts, results and the secret of the tokens are in it.
    var isOpenToOthers: Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && status.st_mode & 0o077 != 0
    }

    /// Lets another server have the database. After SQLite's connections are closed; idempotent.
    func close() {
        let wasOpen = isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        if wasOpen { Glibc.close(descriptor) }
    }

    private func check() throws(StoreError) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .damaged("\(path) is not a regular file")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw .unavailable("cannot lock the database \(path): \(describe(errno: errno))") }
            throw .inUse(path: path)
        }
        let directory = Self.parent(of: path)
        guard unsafe access(directory, W_OK | X_OK) == 0 else {
            throw .unavailable(
                "cannot write to the directory \(directory): \(describe(errno: errno)); SQLite keeps its write-ahead log there")
        }
        if status.st_size == 0 {
            try Self.sync(directory: directory)
        } else {
            try checkHeader()
        }
    }

    /// Refuses another program's file before SQLite changes a byte of it.
    private func checkHeader() throws(StoreError) {
        var header = [UInt8](repeating: 0, count: 100)
        let count = unsafe header.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, 100, 0) }
        guard count == 100, header.starts(with: "SQLite format 3\0".utf8) else { throw .damaged("\(path) is not an SQLite database") }
        func number(at offset: Int) -> UInt32 {
            header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
        let application = number(at: 68)
        // The first page is there always; used ones beyond it are tables.
        let hasTables = number(at: 28) > number(at: 36) + 1
        var log = stat()
        let hasLog = unsafe stat(path + "-wal", &log) == 0 && log.st_size > 0
        // Ours says so in its header, or, right after its creation, in its write-ahead log: the schema's own check comes after that was
        // read.
        guard application == Self.applicationID || (application == 0 && (hasLog || !hasTables)) else {
            throw .damaged("\(path) is another program's database")
        }
    }

    // MARK: Paths

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func makeDirectory(of path: String) throws(StoreError) {
        let directory = parent(of: path)
        guard unsafe access(directory, F_OK) != 0 else { return }
        if directory != "/" && directory != "." { try makeDirectory(of: directory) }
        guard unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw .unavailable("cannot make the directory \(directory): \(describe(errno: errno))")
        }
    }

    private static func resolve(_ path: String) throws(StoreError) -> String {
        guard let resolved = unsafe realpath(path, nil) else {
            throw .unavailable("cannot resolve \(path): \(describe(errno: errno))")
        }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// A new file survives a power cut only if its directory is synced too.
    private static func sync(directory: String) throws(StoreError) {
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unavailable("cannot open the directory \(directory): \(describe(errno: errno))") }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .unavailable("cannot sync the directory \(directory): \(describe(errno: errno))") }
    }
}
