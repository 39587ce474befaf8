import Glibc

/// Descriptors 0, 1 and 2, which every program expects to be its input, output and errors.
enum StandardDescriptors {
    /// Fills those that the caller has closed (`runstream serve 2>&-`), before anything else opens a file.
    ///
    /// The next file that is opened would otherwise get such a number: SQLite's database would be descriptor 2, and log lines would be
    /// written into it. The fillers can't be read or written, so that a command whose output is closed fails instead of losing it.
    static func guardAll() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is this one: the ones below are open by now.
            unsafe _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
        }
    }
}
