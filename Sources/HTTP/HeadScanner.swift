/// Looks at a request's head as it arrives, for what evhttp's parser lets through and then hides from us.
///
/// A NUL cuts a value short for everybody who reads it as a C string, a line that begins with NUL ends evhttp's headers, bare LF
/// and folded lines are parsed in a way that a proxy in front may not share: each is a way to smuggle a second request in. On a head
/// that passes, evhttp and we agree where it ends: at the first empty line, all lines ended by CR LF.
struct HeadScanner {
    private enum State {
        case lineStart, inLine, carriageReturn, carriageReturnOfEmptyLine, finished
    }

    /// The first thing that is wrong.
    private(set) var fault: HeadFault?
    private var state = State.lineStart
    private var isRequestLine = true
    private var connectBytes = 0

    /// Whether the head's last byte has come, and nothing is wrong with it.
    var isFinished: Bool { state == .finished && fault == nil }

    /// Takes bytes of the head; what follows its end is not looked at.
    ///
    /// - Returns: how many belong to the head.
    @discardableResult
    mutating func scan(_ bytes: UnsafeRawBufferPointer) -> Int {
        var index = 0
        while index < bytes.count, state != .finished {
            // Most bytes are in the middle of a line.
            if state == .inLine, connectBytes < 0 || !isRequestLine {
                while index < bytes.count, unsafe Self.isOrdinary(bytes[index]) { index += 1 }
                guard index < bytes.count else { return index }
            }
            let byte = unsafe bytes[index]
            if isRequestLine, connectBytes >= 0 { matchConnect(byte) }
            step(byte)
            index += 1
        }
        return index
    }

    @inline(__always)
    private static func isOrdinary(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F }

    /// evhttp keeps a connection open after a CONNECT that it has refused, and would read on: known as a fault before it gets there.
    private mutating func matchConnect(_ byte: UInt8) {
        let name: StaticString = "CONNECT "
        guard connectBytes >= 0 else { return }
        connectBytes = unsafe name.utf8Start[connectBytes] == byte ? connectBytes + 1 : -1
        if connectBytes == name.utf8CodeUnitCount { fail(.connect) }
    }

    @inline(__always)
    private mutating func step(_ byte: UInt8) {
        switch state {
        case .inLine where Self.isOrdinary(byte): break
        case .lineStart, .inLine:
            switch byte {
            case 0x0D: state = state == .lineStart ? .carriageReturnOfEmptyLine : .carriageReturn
            case 0x0A: fail(.lineEnd)
            case 0x20 where state == .lineStart && !isRequestLine: fail(.fold)
            case 0x09: state == .lineStart ? fail(.fold) : ()
            case 0..<0x20, 0x7F: fail(.controlByte)
            default: state = .inLine
            }
        case .carriageReturn, .carriageReturnOfEmptyLine:
            guard byte == 0x0A else { return fail(.lineEnd) }
            state = state == .carriageReturn ? .lineStart : .finished
            isRequestLine = false
        case .finished: break
        }
    }

    private mutating func fail(_ fault: HeadFault) {
        if self.fault == nil { self.fault = fault }
        state = .finished
    }
}
