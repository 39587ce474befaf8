import Testing
import runstream

struct ArgumentTests {
    @Test(
        arguments: [
            ("250ms", .milliseconds(250)), ("4s", .seconds(4)), ("10m", .seconds(600)), ("2h", .seconds(7200)), ("7d", .seconds(604_800)),
            ("90", .seconds(90)), ("0", .zero), ("0s", .zero), ("1.5s", .milliseconds(1500)), ("0.1", .milliseconds(100)),
            ("2.5d", .seconds(216_000)),
            ("0.000000001s", .nanoseconds(1)), ("0.1ms", .microseconds(100)), ("36500d", .seconds(3_153_600_000)),
            ("", nil), ("s", nil), ("1.", nil), (".5", nil), ("1.2.3", nil), ("-1s", nil), ("+1s", nil), ("1 s", nil), ("1S", nil),
            ("1w", nil),
            ("1e3", nil), ("٣s", nil), ("0x10", nil), ("36501d", nil), ("99999999999999999999s", nil), ("0.0000000001s", nil),
            ("1s1s", nil),
        ] as [(String, Duration?)])
    func `durations`(text: String, expected: Duration?) {
        #expect((try? DurationArgument.parse(text)) == expected)
    }

    @Test(
        arguments: [
            ("0", 0), ("1", 1), ("65536", 65_536), ("64KiB", 65_536), ("16MiB", 16_777_216), ("1GiB", 1_073_741_824),
            ("", nil), ("KiB", nil), ("1KB", nil), ("1k", nil), ("1.5MiB", nil), ("-1", nil), ("1 MiB", nil), ("1kib", nil),
            ("9999999999999999999", nil), ("9000000000000GiB", nil), ("1048577GiB", nil),
        ] as [(String, Int?)])
    func `sizes`(text: String, expected: Int?) {
        #expect((try? SizeArgument.parse(text)) == expected)
    }

    @Test(arguments: [(1, "1"), (1024, "1KiB"), (1536, "1536"), (64 << 20, "64MiB"), (3 << 30, "3GiB")])
    func `a size is shown in its largest whole unit`(bytes: Int, expected: String) {
        #expect(SizeArgument.format(bytes) == expected)
    }
}
