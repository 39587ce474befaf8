import Glibc
import Jobs

/// A scanned line that is an object: which event it is, and its envelope.
@safe struct LineEvent {
    private let base: UnsafePointer<UInt8>
    private let scan: LineScan

    init(_ base: UnsafePointer<UInt8>, _ scan: LineScan) {
        unsafe self.base = base
        self.scan = scan
    }

    /// Appends the event's envelope to the batch.
    ///
    /// - Returns: nil when the line is no event, and nothing was appended.
    func append(to batch: inout EventBatch, progress: inout JobProgress) -> RunnerLine.Outcome? {
        let name = unsafe EventName(value: bytes(scan.eventValue))
        let kind = name?.kind
        if scan.dataValue == nil, kind != .log, let line = unsafe StructuredLog(base, object: 0..<scan.length) {
            line.append(to: &batch)
            return .event
        }
        guard let name, let kind else { return nil }
        switch kind {
        case .reserved: return nil
        case .result:
            // A logger's line may be called so too.
            guard scan.dataValue != nil else { return nil }
            return .result(result())
        case .progress: return appendProgress(to: &batch, progress: &progress) ? .event : nil
        case .log:
            guard appendLog(to: &batch) else { return nil }
        case .error, .other:
            if kind == .other || startsObject(scan.dataValue), scan.isEnvelope, name.isPlain {
                unsafe batch.bytes.append(contentsOf: bytes(0..<scan.length))
            } else {
                name.appendHead(to: &batch.bytes)
                appendPayload(to: &batch.bytes, wrap: kind == .error ? "{\"error\": " : nil)
                batch.bytes.append(UInt8(ascii: "}"))
            }
        }
        batch.endEnvelope()
        return .event
    }

    private func bytes(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// Whether the value there is an object; a payload made of the other members (no range) always is.
    private func startsObject(_ range: Range<Int>?) -> Bool {
        guard let range else { return true }
        return unsafe base[range.lowerBound] == UInt8(ascii: "{")
    }

    // MARK: The payload

    /// Appends `data`, or the other members as an object. What is no object is put behind `wrap` and closed.
    private func appendPayload(to output: inout [UInt8], wrap: StaticString? = nil) {
        guard let data = scan.dataValue else { return appendOtherMembers(to: &output) }
        guard let wrap, !startsObject(data) else {
            unsafe output.append(contentsOf: bytes(data))
            return
        }
        output.append(wrap)
        unsafe output.append(contentsOf: bytes(data))
        output.append(UInt8(ascii: "}"))
    }

    /// The line's object without its member `event`, or all of them.
    private func appendOtherMembers(to output: inout [UInt8]) {
        guard scan.eventCount > 1 else {
            let member = scan.eventMember
            // The separator goes with the member: the one behind it, or for the last member the one before.
            let isLast = member.upperBound == scan.length - 1
            let isFirst = member.lowerBound == 1
            unsafe output.append(contentsOf: bytes(0..<(isLast && !isFirst ? member.lowerBound - 2 : member.lowerBound)))
            unsafe output.append(contentsOf: bytes((isLast ? member.upperBound : member.upperBound + 2)..<scan.length))
            return
        }
        output.append(UInt8(ascii: "{"))
        var walker = unsafe MemberWalker(base, object: 0..<scan.length)
        var separator: StaticString = ""
        while let member = walker.next() {
            if unsafe JSONName.matches(base + member.name.lowerBound, member.name.count, "event") { continue }
            output.append(separator)
            unsafe output.append(contentsOf: bytes(member.whole))
            separator = ", "
        }
        output.append(UInt8(ascii: "}"))
    }

    private func result() -> [UInt8] {
        var json: [UInt8] = []
        appendPayload(to: &json)
        return json
    }

    // MARK: Events of the server's own kinds

    /// A `log`: an object with `message`, or a string.
    private func appendLog(to batch: inout EventBatch) -> Bool {
        if let data = scan.dataValue, unsafe base[data.lowerBound] == UInt8(ascii: "\"") {
            batch.bytes.append("{\"event\": \"log\", \"data\": ")
            appendPayload(to: &batch.bytes, wrap: "{\"message\": ")
            batch.bytes.append(UInt8(ascii: "}"))
            return true
        }
        guard hasMessage() else { return false }
        if scan.isEnvelope, scan.eventValue.count == 5 {
            unsafe batch.bytes.append(contentsOf: bytes(0..<scan.length))
        } else {
            batch.bytes.append("{\"event\": \"log\", \"data\": ")
            appendPayload(to: &batch.bytes)
            batch.bytes.append(UInt8(ascii: "}"))
        }
        return true
    }

    private func hasMessage() -> Bool {
        guard startsObject(scan.dataValue) else { return false }
        var walker = unsafe MemberWalker(base, object: scan.dataValue ?? 0..<scan.length)
        while let member = walker.next() {
            if unsafe JSONName.matches(base + member.name.lowerBound, member.name.count, "message") { return true }
        }
        return false
    }

    /// A `progress`: an object, whose percentage is checked, or put in where it is missing.
    private func appendProgress(to batch: inout EventBatch, progress: inout JobProgress) -> Bool {
        guard startsObject(scan.dataValue) else { return false }
        let start = batch.bytes.count
        batch.bytes.append("{\"event\": \"progress\", \"data\": ")
        let payload = batch.bytes.count
        appendPayload(to: &batch.bytes)
        guard let said = ProgressPayload.normalize(&batch.bytes, from: payload, previous: progress) else {
            batch.bytes.removeLast(batch.bytes.count - start)
            return false
        }
        progress = said
        batch.bytes.append(UInt8(ascii: "}"))
        batch.endEnvelope(progress: said)
        return true
    }
}

/// The value of a line's member `event`, checked: a string that matches `[A-Za-z][A-Za-z0-9_.-]{0,63}`.
@safe struct EventName {
    /// What the server does with an event of a name.
    enum Kind { case progress, log, result, error, reserved, other }

    private let name: UnsafeBufferPointer<UInt8>
    /// The name without its escapes, where it had any.
    private let unescaped: [UInt8]?

    init?(value: UnsafeBufferPointer<UInt8>) {
        guard value.count >= 3, unsafe value[0] == UInt8(ascii: "\"") else { return nil }
        let inside = unsafe UnsafeBufferPointer(rebasing: value[1..<value.count - 1])
        unsafe name = inside
        if unsafe inside.contains(UInt8(ascii: "\\")) {
            guard let plain = unsafe JSONName.ascii(inside), unsafe plain.withUnsafeBufferPointer({ unsafe Self.isValid($0) }) else {
                return nil
            }
            unescaped = plain
        } else {
            guard unsafe Self.isValid(inside) else { return nil }
            unescaped = nil
        }
    }

    /// Whether it is written without escapes.
    var isPlain: Bool { unescaped == nil }

    var kind: Kind {
        guard let unescaped else { return unsafe Self.kind(of: name) }
        return unsafe unescaped.withUnsafeBufferPointer { unsafe Self.kind(of: $0) }
    }

    /// Appends an envelope's beginning, up to its data.
    func appendHead(to output: inout [UInt8]) {
        output.append("{\"event\": \"")
        if let unescaped {
            output.append(contentsOf: unescaped)
        } else {
            unsafe output.append(contentsOf: name)
        }
        output.append("\", \"data\": ")
    }

    private static func isValid(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard 1...Limits.eventNameLength ~= name.count, unsafe isLetter(name[0]) else { return false }
        for index in 1..<name.count {
            let byte = unsafe name[index]
            let isDigit = byte &- UInt8(ascii: "0") < 10
            guard isLetter(byte) || isDigit || byte == 0x5F || byte == 0x2E || byte == 0x2D else { return false }
        }
        return true
    }

    @inline(__always)
    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

    private static func kind(of name: UnsafeBufferPointer<UInt8>) -> Kind {
        guard let first = name.baseAddress else { return .other }
        func means(_ word: StaticString) -> Bool { unsafe memcmp(first, word.utf8Start, name.count) == 0 }
        switch name.count {
        case 3: return means("log") ? .log : means("gap") ? .reserved : .other
        case 4: return means("done") ? .reserved : .other
        case 5: return means("error") ? .error : means("retry") ? .reserved : .other
        case 6: return means("result") ? .result : .other
        case 8: return means("progress") ? .progress : means("complete") ? .reserved : .other
        case 9: return means("heartbeat") ? .reserved : .other
        default: return .other
        }
    }
}

extension [UInt8] {
    @inline(__always)
    mutating func append(_ text: StaticString) {
        unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
