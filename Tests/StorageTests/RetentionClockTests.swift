import Jobs
import Storage
import Testing

struct RetentionClockTests {
    private let start = Timestamp(microseconds: 1_800_000_000_000_000)

    @Test func `a clock that is 30 days ahead at start does not delete every finished run`() {
        let steady = ContinuousClock.now
        var clock = RetentionClock(
            lastChange: start, wall: start + .seconds(30 * 86_400), steady: steady, limits: StorageLimits())
        let answer1 = clock.mayDelete(wall: start + .seconds(30 * 86_400), steady: steady)
        #expect(!answer1)
        let answer2 = clock.takeNews()
        #expect(answer2 == .aheadOfDatabase(by: .seconds(30 * 86_400)))
        let answer3 = clock.takeNews()
        #expect(answer3 == nil, "it is said once")
        // The clock is mended: that is a jump too, and the hour begins anew.
        let answer4 = clock.mayDelete(wall: start, steady: steady)
        #expect(!answer4)
        let answer5 = clock.takeNews()
        #expect(answer5 == .jumped(by: .seconds(-30 * 86_400)))
        let answer6 = clock.mayDelete(wall: start + .seconds(3_599), steady: steady + .seconds(3_599))
        #expect(!answer6)
        let answer7 = clock.mayDelete(wall: start + .seconds(3_601), steady: steady + .seconds(3_601))
        #expect(answer7)
    }

    @Test func `a clock that jumps while the server runs does not delete runs for an hour`() {
        let steady = ContinuousClock.now
        var clock = RetentionClock(lastChange: start, wall: start, steady: steady, limits: StorageLimits())
        let answer8 = clock.mayDelete(wall: start + .seconds(60), steady: steady + .seconds(60))
        #expect(answer8)
        let answer9 = clock.mayDelete(wall: start + .seconds(175), steady: steady + .seconds(120))
        #expect(answer9, "55 s are no jump")
        let answer10 = clock.mayDelete(wall: start + .seconds(86_400), steady: steady + .seconds(180))
        #expect(!answer10)
        let answer11 = clock.mayDelete(wall: start + .seconds(86_400 + 3_601), steady: steady + .seconds(180 + 3_601))
        #expect(answer11)
    }

    @Test func `an empty database and one of an hour ago are no reason to wait`() {
        let steady = ContinuousClock.now
        for last in [nil, start] {
            var clock = RetentionClock(lastChange: last, wall: start + .seconds(3_600), steady: steady, limits: StorageLimits())
            let answer12 = clock.mayDelete(wall: start + .seconds(3_600), steady: steady)
            #expect(answer12)
        }
    }
}
