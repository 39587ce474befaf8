import Jobs
import Testing

@Suite struct TimestampTests {
    @Test func `no sum or difference of times ends the process`() {
        let (first, last) = (Timestamp(microseconds: .min), Timestamp(microseconds: .max))
        #expect((last + .seconds(1)).microseconds == .max)
        #expect((first + .seconds(-1)).microseconds == .min)
        #expect((first + .seconds(Int64.max)).microseconds == -1)
        #expect((last - first).inMicroseconds == .max)
        #expect((first - last).inMicroseconds == .min)
        #expect(Duration.seconds(Int64.max).inMicroseconds == .max)
        #expect(Duration.seconds(Int64.min).inMicroseconds == .min)
        #expect(first.iso8601 == "0000-01-01T00:00:00.000000Z")
        #expect(last.iso8601 == "9999-12-31T23:59:59.999999Z")
    }
}
