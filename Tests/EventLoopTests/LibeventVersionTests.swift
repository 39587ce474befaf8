import EventLoop
import Testing

@Suite struct LibeventVersionTests {
    private static func status(_ version: String) -> String {
        """
        Package: libevent-2.1-7
        Version: 9

        Package: libevent-core-2.1-7
        Status: install ok installed
        Version: \(version)

        Package: zlib1g
        Version: 2.1.12-stable-8
        """
    }

    @Test(arguments: [
        ("2.1.12-stable-8", false), ("2.1.12-stable-8+deb12u1", true), ("2.1.12-stable-10", true),
    ])
    func `Debian's package before its security update is refused`(version: String, isFine: Bool) {
        #expect((LibeventVersion.objection(number: 0x0201_0c00, dpkgStatus: Self.status(version)) == nil) == isFine)
    }

    @Test func `a libevent before 2.1.12 is refused, whatever packages there are`() {
        #expect(LibeventVersion.objection(number: 0x0201_0b00, dpkgStatus: nil) != nil)
        #expect(LibeventVersion.objection(number: 0x0201_0c00, dpkgStatus: nil) == nil)
    }

    @Test func `the library that this test runs on is fine`() {
        #expect(LibeventVersion.running.hasPrefix("2."))
        #expect(LibeventVersion.objection(dpkgStatus: nil) == nil)
    }
}
