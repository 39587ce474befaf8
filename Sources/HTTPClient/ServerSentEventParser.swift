import Support

/// Bytes of a `text/event-stream` in, events out, as the HTML standard's section 9.2.6 has it; chunks may end anywhere.
///
/// One parser reads one response. Unlike the standard's, it starts from the id that the last response ended with (browsers do the
/// same), so that an event without an id does not lose a viewer's place.
package struct ServerSentEventParser {
    /// Where to go on after this response: the id as of the last blank line.
    package private(set) var lastEventID: String
    /// The last `retry:` of the stream.
    package private(set) var retry: Duration?

    private let limitBytes: Int
    private var line: [UInt8] = []
    private var endedWithCR = false
    private var isFirstLine = true
    private var data: [UInt8] = []
    private var dataLines = 0
    private var name = ""
    private var idBuffer: String

    /// - Parameters:
    ///   - lastEventID: the id to go on with; empty for none.
    ///   - limitBytes: the longest event; more is an error.
    package init(lastEventID: String = "", limitBytes: Int = Limits().eventBytes) {
        self.lastEventID = lastEventID
        idBuffer = lastEventID
        self.limitBytes = limitBytes
    }

    /// Reads the next bytes.
    ///
    /// - Returns: the events that they complete, in order.
    /// - Throws: `HTTPError.tooLarge`.
    package mutating func read(_ bytes: [UInt8]) throws(HTTPError) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == 0x0A || byte == 0x0D {
            let isSecondHalf = byte == 0x0A && endedWithCR && index == start && line.isEmpty
            endedWithCR = byte == 0x0D
            if isSecondHalf {
                start = index + 1
                continue
            }
            try append(bytes[start..<index])
            start = index + 1
            if let event = endLine() { events.append(event) }
        }
        if start < bytes.count { endedWithCR = false }
        try append(bytes[start...])
        return events
    }

    private mutating func append(_ part: ArraySlice<UInt8>) throws(HTTPError) {
        guard line.count + data.count + part.count <= limitBytes else { throw .tooLarge(limitBytes: limitBytes) }
        line.append(contentsOf: part)
    }

    private mutating func endLine() -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        if line.isEmpty { return dispatch() }
        guard let colon = line.firstIndex(of: 0x3A) else {
            takeField(String(decoding: line, as: UTF8.self), [])
            return nil
        }
        let value = line[(colon + 1)...]
        takeField(String(decoding: line[..<colon], as: UTF8.self), value.first == 0x20 ? value.dropFirst() : value)
        return nil
    }

    /// A comment is a field without a name, and like any unknown field is ignored.
    private mutating func takeField(_ field: String, _ value: ArraySlice<UInt8>) {
        switch field {
        case "data":
            if dataLines > 0 { data.append(0x0A) }
            data.append(contentsOf: value)
            dataLines += 1
        case "event": name = String(decoding: value, as: UTF8.self)
        case "id": if !value.contains(0) { idBuffer = String(decoding: value, as: UTF8.self) }
        case "retry":
            if value.first != 0x2D, let number = Int64(outside: String(decoding: value, as: UTF8.self), in: 0...999_999_999_999) {
                retry = .milliseconds(number)
            }
        default: break
        }
    }

    private mutating func dispatch() -> ServerSentEvent? {
        lastEventID = idBuffer
        defer {
            data.removeAll(keepingCapacity: true)
            dataLines = 0
            name = ""
        }
        guard dataLines > 0 else { return nil }
        return ServerSentEvent(id: lastEventID, name: name.isEmpty ? "message" : name, data: String(decoding: data, as: UTF8.self))
    }
}
