import EventLoop
import Jobs
import Support

/// Lets frames of progress bars through, at most four a second, the newest one. Pure: the time is passed in.
struct FrameGate {
    /// A frame that waits for its time.
    struct Frame {
        let text: [UInt8]
        let isStderr: Bool
    }

    private(set) var waiting: Frame?
    private var open: Monotonic?
    /// What was shown last of the line that is being drawn.
    private var shown: [UInt8] = []

    /// Takes a frame.
    ///
    /// - Returns: whether it may be shown now; otherwise it waits, in place of the one before. One that is shown already is dropped.
    mutating func passes(_ text: [UInt8], isStderr: Bool, now: Monotonic) -> Bool {
        waiting = nil
        guard text != shown else { return false }
        if let open, now < open {
            waiting = Frame(text: text, isStderr: isStderr)
            return false
        }
        open = now + Limits.frameInterval
        shown = text
        return true
    }

    /// Whether a frame is the one that was shown last.
    func isShown(_ text: [UInt8]) -> Bool { text == shown }

    /// The frame whose time has come.
    mutating func take(now: Monotonic) -> Frame? {
        guard let frame = waiting, open.map({ $0 <= now }) ?? true else { return nil }
        waiting = nil
        open = now + Limits.frameInterval
        shown = frame.text
        return frame
    }

    /// How long the frame that waits has to wait; nil if there is none.
    func delay(now: Monotonic) -> Duration? {
        guard waiting != nil, let open else { return nil }
        return max(open - now, .zero)
    }

    /// The line of the frame that waits has ended: its last frame is shown instead.
    mutating func lineEnded(isStderr: Bool) {
        shown = []
        if waiting?.isStderr == isStderr { waiting = nil }
    }
}

/// What a frame of tqdm's says: `[label: ]NN%|`.
struct BarFrame: Equatable {
    let percentage: Int
    /// As JSON; nil if there is none.
    let label: String?

    /// Nil if the frame doesn't begin so.
    init?(_ text: RawSpan) {
        let head = unsafe text.withUnsafeBytes { unsafe Array($0.prefix(Limits.barHeadBytes)) }
        guard let bar = head.firstIndex(of: UInt8(ascii: "|")), bar >= 2, head[bar - 1] == UInt8(ascii: "%") else { return nil }
        let digits = head[..<(bar - 1)].suffix(while: { (0x30...0x39).contains($0) })
        guard (1...3).contains(digits.count), let percentage = Int(outside: String(decoding: digits, as: UTF8.self), in: 0...100) else {
            return nil
        }
        // tqdm fills the number up to three places.
        var label = head[..<digits.startIndex]
        while label.last == UInt8(ascii: " ") { label.removeLast() }
        self.percentage = percentage
        guard !label.isEmpty else {
            self.label = nil
            return
        }
        guard label.last == UInt8(ascii: ":") else { return nil }
        self.label = String(decoding: JSONText.string(Array(label.dropLast())), as: UTF8.self)
    }
}

extension ArraySlice<UInt8> {
    /// The longest end whose elements all fit.
    fileprivate func suffix(while fits: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        var start = endIndex
        while start > startIndex, fits(self[start - 1]) { start -= 1 }
        return self[start...]
    }
}
