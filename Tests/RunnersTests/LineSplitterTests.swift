import Runners
import Testing

struct LineSplitterTests {
    /// Splits `bytes`, fed in pieces of `size`, into lines and what was dropped from each.
    private func split(_ bytes: [UInt8], pieces size: Int) -> [Line] {
        var splitter = LineSplitter()
        var lines: [Line] = []
        func take(_ line: RawSpan, _ dropped: Int, _ piece: LineSplitter.Piece) {
            lines.append(Line(bytes: unsafe line.withUnsafeBytes { unsafe Array($0) }, dropped: dropped, piece: piece))
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            unsafe splitter.feed(Array(rest.prefix(size)).span.bytes, take)
            rest = rest.dropFirst(size)
        }
        splitter.finish(take)
        return lines
    }

    private struct Line: Equatable {
        var bytes: [UInt8]
        var dropped = 0
        var piece = LineSplitter.Piece.line
    }

    @Test(
        arguments: [
            ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("\n\na\n", ["", "", "a"]), ("a\r\nb\r\n", ["a", "b"]),
            ("\r\n", [""]), ("a\r", ["a"]), ("one\ntwo\r\nthree", ["one", "two", "three"]),
        ] as [(String, [String])])
    func `lines end with LF or CR LF, the last one also with the output, however it is read`(text: String, lines: [String]) {
        for size in 1...max(text.utf8.count, 1) {
            #expect(split(Array(text.utf8), pieces: size) == lines.map { Line(bytes: Array($0.utf8)) }, "in pieces of \(size)")
        }
    }

    @Test(
        arguments: [
            // Frames, then the last frame, then lines behind it.
            ("a\rb\n", ["a"], "b", []), ("a\r\r\n", ["a"], "a", []), ("\ra\rb\r\nc\n", ["a"], "b", ["c"]), ("a\rb\r", ["a"], "b", []),
            ("a\rb\r\r\n\n", ["a", "b"], "b", [""]), ("10%\r20%\r30%\nx", ["10%", "20%"], "30%", ["x"]),
        ] as [(String, [String], String, [String])])
    func `a CR alone ends a frame, however it is read`(text: String, frames: [String], last: String, lines: [String]) {
        let expected =
            frames.map { Line(bytes: Array($0.utf8), piece: .frame) } + [Line(bytes: Array(last.utf8), piece: .lastFrame)]
            + lines.map { Line(bytes: Array($0.utf8)) }
        for size in 1...text.utf8.count { #expect(split(Array(text.utf8), pieces: size) == expected, "in pieces of \(size)") }
    }

    @Test(arguments: [
        // What stands at the limit, how many bytes of it are kept, and how many dropped.
        ("", 0, 0), ("x", 0, 1), ("\r\n", 0, 0), ("x\r\n", 0, 1), ("xyz", 0, 3), ("\r", 0, 0),
    ])
    func `a line is cut at 256 KiB`(tail: String, kept: Int, dropped: Int) {
        let full = [UInt8](repeating: 0x61, count: Limits.lineBytes)
        for size in [65_536, 4096 + 1, 1 << 20] {
            let isRight = split(full + Array(tail.utf8), pieces: size) == [Line(bytes: full, dropped: dropped)]
            #expect(isRight, "in pieces of \(size)")
        }
    }

    @Test(arguments: [
        // How many bytes of the character stand before the limit.
        ("é", 1), ("€", 1), ("€", 2), ("😀", 1), ("😀", 2), ("😀", 3),
    ])
    func `a line is never cut within a character`(character: String, before: Int) {
        let start = [UInt8](repeating: 0x61, count: Limits.lineBytes - before)
        let line = start + Array(character.utf8) + [0x62, 0x0A, 0x63]
        let expected = [Line(bytes: start, dropped: character.utf8.count + 1), Line(bytes: [0x63])]
        // Apart from the expectation, which would print all of it.
        let (small, large) = (split(line, pieces: 65_536) == expected, split(line, pieces: 1 << 20) == expected)
        #expect(small && large)
    }

    @Test func `a character that ends at the limit is kept, and bytes that are no UTF-8 are cut at it`() {
        let whole = [UInt8](repeating: 0x61, count: Limits.lineBytes - 2) + Array("é".utf8)
        #expect(split(whole + [0x62], pieces: 65_536) == [Line(bytes: whole, dropped: 1)])
        #expect(split(whole + [0x80], pieces: 65_536) == [Line(bytes: whole, dropped: 1)])
        let noise = [UInt8](repeating: 0x80, count: Limits.lineBytes + 10)
        #expect(split(noise, pieces: 65_536) == [Line(bytes: Array(noise.prefix(Limits.lineBytes)), dropped: 10)])
    }
}
