import HTTPClient
import Testing

struct ReconnectPolicyTests {
    struct Case: Sendable {
        let failures: Int
        var retry: Duration?
        var retryAfter: Duration?
        let chance: Double
        let wait: Duration
    }

    @Test(arguments: [
        Case(failures: 1, chance: 0.9, wait: .seconds(1)),
        Case(failures: 1, retry: .milliseconds(2317), chance: 0.9, wait: .milliseconds(2317)),
        Case(failures: 1, retry: .zero, chance: 0.9, wait: .zero),
        Case(failures: 2, retry: .zero, chance: 0, wait: .milliseconds(500)),
        Case(failures: 2, retry: .seconds(2), chance: 0, wait: .seconds(2)),
        Case(failures: 2, retry: .seconds(2), chance: 1, wait: .seconds(4)),
        Case(failures: 3, retry: .seconds(2), chance: 0.5, wait: .seconds(6)),
        Case(failures: 99, retry: .seconds(2), chance: 0, wait: .seconds(15)),
        Case(failures: 99, retry: .seconds(2), chance: 1, wait: .seconds(30)),
        Case(failures: 1, retryAfter: .seconds(7), chance: 0, wait: .seconds(7)),
        Case(failures: 1, retry: .seconds(3600), chance: 0, wait: .seconds(60)),
        Case(failures: 5, retryAfter: .seconds(3600), chance: 0, wait: .seconds(60)),
        Case(failures: 5, retry: .seconds(45), chance: 1, wait: .seconds(45)),
    ])
    func `the wait is the server's at first, then doubles, drawn from the upper half`(given: Case) {
        let wait = ReconnectPolicy().wait(
            failures: given.failures, retry: given.retry, retryAfter: given.retryAfter, chance: given.chance, limits: Limits())
        #expect(wait == given.wait)
    }
}
