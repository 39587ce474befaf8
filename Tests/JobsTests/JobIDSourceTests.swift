import Jobs
import Testing

@Suite struct JobIDSourceTests {
    private let start = Timestamp(microseconds: 1_000_000_000)

    @Test func `runs of a burst share their first three digits and nothing else`() {
        var source = JobIDSource()
        #expect(source.next(bits: 0xFFFF_123A_AAAA_AAAA, now: start).description == "run_123aaaaaaaaa")
        #expect(source.next(bits: 0xFFFF_456B_BBBB_BBBB, now: start + .milliseconds(99)).description == "run_123bbbbbbbbb")
        #expect(source.next(bits: 0xFFFF_456C_CCCC_CCCC, now: start + .milliseconds(100)).description == "run_456ccccccccc")
        #expect(source.next(bits: 0xFFFF_789D_DDDD_DDDD, now: start + .milliseconds(199)).description == "run_456ddddddddd")
    }

    @Test func `a clock that goes back begins a new burst`() {
        var source = JobIDSource()
        _ = source.next(bits: 0, now: start)
        #expect(source.next(bits: .max, now: start + .microseconds(-1)).description == "run_ffffffffffff")
    }
}
