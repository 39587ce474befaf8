import Glibc

/// What a descriptor can show: decided once, from the descriptor and the environment.
package struct TerminalStyle: Sendable, Equatable {
    /// Whether lines can be drawn over: a terminal that is not `dumb`.
    package var isInteractive: Bool
    package var hasColor: Bool
    /// Whether block characters and the like are understood.
    package var hasUnicode: Bool

    package init(isInteractive: Bool, hasColor: Bool, hasUnicode: Bool) {
        self.isInteractive = isInteractive
        self.hasColor = hasColor
        self.hasUnicode = hasUnicode
    }

    /// Colour unless `NO_COLOR` is set to something (no-color.org); Unicode where the locale says UTF-8.
    package init(isTerminal: Bool, environment: [String: String]) {
        let isSmart = isTerminal && environment["TERM"] != "dumb"
        isInteractive = isSmart
        hasColor = isSmart && environment["NO_COLOR", default: ""].isEmpty
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        hasUnicode = locale.uppercased().replacing("-", with: "").hasSuffix("UTF8") || locale.uppercased().contains(".UTF-8@")
    }

    init(descriptor: Int32, environment: [String: String]) {
        self.init(isTerminal: isatty(descriptor) == 1, environment: environment)
    }

    package enum Paint: String {
        case bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36"
    }

    /// The text in a colour, or as it is where there are none.
    package func paint(_ text: String, _ paint: Paint?) -> String {
        guard hasColor, let paint else { return text }
        return "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m"
    }

    /// The colour of a status, everywhere.
    package static func paint(ofStatus status: String) -> Paint? {
        switch status {
        case "succeeded": .green
        case "failed": .red
        case "running": .cyan
        case "queued": .yellow
        case "cancelled": .dim
        default: nil
        }
    }

    /// The terminal's width now: it changes under our hands.
    static func columns(of descriptor: Int32) -> Int {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
