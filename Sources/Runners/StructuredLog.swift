import Jobs
import Support

/// A line of a logging library that writes JSON (structlog, pino, zap, logrus, slog), as a `log`:
///
///     {"level":30,"time":1,"pid":7,"msg":"hello"}
///     {"event": "log", "data": {"message": "hello", "level": "info", "fields": {"time": 1, "pid": 7}}}
///
/// That is an object without `data`, with a `level` that is a string or a number of 10...60, and a string `message`, `msg` or `event`. Of a
/// member that is given twice the last counts.
@safe struct StructuredLog {
    private let base: UnsafePointer<UInt8>
    private let object: Range<Int>
    private var message: Candidate?
    private var level = 0..<0

    /// A member that may hold the message. Lower ranks are taken first.
    private struct Candidate {
        let rank: Int
        let name: Range<Int>
        let value: Range<Int>
    }

    /// Nil if the object isn't such a line.
    ///
    /// - Parameters:
    ///   - base: where offsets count from.
    ///   - object: where the object stands, as `JSONScanner` wrote it.
    init?(_ base: UnsafePointer<UInt8>, object: Range<Int>) {
        unsafe self.base = base
        self.object = object
        var walker = unsafe MemberWalker(base, object: object)
        while let member = walker.next() {
            if name(member, is: "level") {
                level = member.value
            } else if let rank = rank(of: member), rank <= message?.rank ?? .max {
                message = Candidate(rank: rank, name: member.name, value: member.value)
            }
        }
        guard message != nil, levelWord != nil else { return nil }
    }

    private func rank(of member: MemberWalker.Member) -> Int? {
        guard unsafe base[member.value.lowerBound] == UInt8(ascii: "\"") else { return nil }
        return name(member, is: "message") ? 0 : name(member, is: "msg") ? 1 : name(member, is: "event") ? 2 : nil
    }

    private func name(_ member: MemberWalker.Member, is word: StaticString) -> Bool {
        unsafe JSONName.matches(base + member.name.lowerBound, member.name.count, word)
    }

    private func bytes(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// The level as JSON: a string as it was written, a number as pino's and bunyan's word for it; nil if it is neither.
    private var levelWord: [UInt8]? {
        guard !level.isEmpty else { return nil }
        let written = unsafe Array(bytes(level))
        if written.first == UInt8(ascii: "\"") { return written }
        guard let number = Double(outside: String(decoding: written, as: UTF8.self), in: 10...60) else { return nil }
        let words = ["trace", "debug", "info", "warning", "error", "fatal"]
        return Array("\"\(words[Int(outside: number / 10 - 1, clampedTo: 0...5)])\"".utf8)
    }

    /// Appends the `log` to the batch.
    func append(to batch: inout EventBatch) {
        guard let message, let levelWord else { return }
        batch.bytes.append("{\"event\": \"log\", \"data\": {\"message\": ")
        unsafe batch.bytes.append(contentsOf: bytes(message.value))
        batch.bytes.append(", \"level\": ")
        batch.bytes.append(contentsOf: levelWord)
        var separator: StaticString = ", \"fields\": {"
        var walker = unsafe MemberWalker(base, object: object)
        while let member = walker.next() {
            if name(member, is: "level") || isMessage(member) { continue }
            batch.bytes.append(separator)
            unsafe batch.bytes.append(contentsOf: bytes(member.whole))
            separator = ", "
        }
        if separator.utf8CodeUnitCount == 2 { batch.bytes.append(UInt8(ascii: "}")) }
        batch.bytes.append("}}")
        batch.endEnvelope()
    }

    /// Whether it is the message, or the same member given before.
    private func isMessage(_ member: MemberWalker.Member) -> Bool {
        guard let message else { return false }
        let word: StaticString = message.rank == 0 ? "message" : message.rank == 1 ? "msg" : "event"
        return name(member, is: word)
    }
}
