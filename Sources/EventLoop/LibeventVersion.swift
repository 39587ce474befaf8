import CLibevent
import Glibc

/// The libevent that this process runs on, and whether it is one to run on.
package enum LibeventVersion {
    /// The version that the library itself reports.
    package static var running: String {
        unsafe event_get_version().map { unsafe String(cString: $0) } ?? "unknown"
    }

    /// Why not to run on it; nil when all is well.
    ///
    /// Refused: anything before 2.1.12, and Debian 12's package before `2.1.12-stable-8+deb12u1`, whose parser lets requests be smuggled. The library does not
    /// report its Debian revision, so that one is read from dpkg's records, where there are any.
    ///
    /// - Parameters:
    ///   - number: the running library's, one byte a part.
    ///   - dpkgStatus: the text of dpkg's status file; nil where there is none.
    /// - Returns: a sentence for the one who started the server.
    package static func objection(number: UInt32 = event_get_version_number(), dpkgStatus: String?) -> String? {
        guard number >= 0x0201_0c00 else { return "libevent \(running) is too old: 2.1.12 or later is needed" }
        guard let version = dpkgStatus.flatMap(packageVersion), version == "2.1.12-stable-8" else { return nil }
        return """
            libevent-core-2.1-7 \(version) has known holes in its HTTP parser: 2.1.12-stable-8+deb12u1 or later is needed \
            (apt-get install --only-upgrade libevent-core-2.1-7 libevent-extra-2.1-7)
            """
    }

    private static func packageVersion(_ status: String) -> String? {
        var isOurs = false
        for line in status.utf8.split(separator: UInt8(ascii: "\n")) {
            if line.starts(with: "Package: ".utf8) { isOurs = line.dropFirst(9).elementsEqual("libevent-core-2.1-7".utf8) }
            if isOurs, line.starts(with: "Version: ".utf8) { return String(Substring(line.dropFirst(9))) }
        }
        return nil
    }
}
