import Support
import Testing

@Suite struct OutsideNumberTests {
    @Test(
        arguments: [
            ("0", 0), ("007", 7), ("-5", -5), ("-0", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), (String(repeating: "9", count: 10_000), nil),
            ("", nil), ("-", nil), ("+1", nil), ("--1", nil), ("1 ", nil), ("1.0", nil), ("0x1", nil), ("١", nil), ("1\0", nil),
        ] as [(String, Int?)])
    func `text that isn't a decimal number is not read as one, and no length of it traps`(text: String, number: Int?) {
        #expect(Int(outside: text, in: .min ... .max) == number)
    }

    @Test func `a number outside its range is refused or counts as the nearer end`() {
        #expect(Int(outside: "65536", in: 1...65_535) == nil)
        #expect(UInt8(outside: "-1", in: 0 ... .max) == nil)
        #expect(UInt64(outside: "-1", clampedTo: 0 ... .max) == 0)
        #expect(UInt64(outside: String(repeating: "9", count: 40), clampedTo: 0 ... .max) == .max)
        #expect(Int(outside: "-" + String(repeating: "9", count: 40), clampedTo: -3...3) == -3)
        #expect(Int8(outside: "-128", in: .min ... .max) == -128)
        #expect(Int8(outside: "x", clampedTo: .min ... .max) == nil)
    }

    @Test(arguments: [
        "nan", "NaN", "inf", "-inf", "infinity", "0x10", "1e999", "-1e999", "", " 1", "1e", ".", "e", "snan", "nan(7)",
    ])
    func `what isn't a finite decimal number is not read as a Double`(text: String) {
        #expect(Double(outside: text, in: -.greatestFiniteMagnitude ... .greatestFiniteMagnitude) == nil)
    }

    @Test(
        arguments: [
            (.nan, 0), (.infinity, 100), (-.infinity, 0), (1e300, 100), (-1e300, 0), (99.999, 99), (-0.5, 0),
            (9_223_372_036_854_775_808, 100), (-9_223_372_036_854_775_808, 0),
        ] as [(Double, Int)])
    func `no Double traps on its way to an Int`(number: Double, clamped: Int) {
        #expect(Int(outside: number, clampedTo: 0...100) == clamped)
        #expect(Int(outside: number, in: 0...10) == nil)
    }

    @Test func `a sum or a difference of hostile numbers stops at the ends`() {
        #expect(Int64.max.addingWithoutOverflow(1) == .max)
        #expect(Int64.min.addingWithoutOverflow(-1) == .min)
        #expect(Int64.min.subtractingWithoutOverflow(1) == .min)
        #expect(Int64.max.subtractingWithoutOverflow(-1) == .max)
        #expect(Int64(5).subtractingWithoutOverflow(7) == -2)
    }
}
