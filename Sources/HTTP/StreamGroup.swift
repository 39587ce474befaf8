import EventLoop

/// The streams of one loop on one source, and what they are sent from.
final class StreamGroup {
    let source: any StreamSource
    let index: UInt32

    /// What may be shown, as of the last wake.
    private(set) var view: any StreamView
    // Its bounds, so that a stream costs no existential call.
    private(set) var start = 0
    private(set) var head = 0
    private(set) var end: StreamEnd?

    /// The streams, in no order.
    var slots: [UInt32] = []
    var slowStreams: [SlowStream] = []

    // The walk goes round and round over `slots`; each publication asks for one more round.
    var cursor = 0
    private(set) var visited = 0
    private var target = 0
    private var publications: [(posted: Monotonic, target: Int)] = []
    var isQueued = false
    /// When the oldest publication that `view` does not have yet was posted.
    var news: Monotonic?

    var pages: [Page] = []
    var pageWaiters: [StreamHandle] = []
    var requestedPage: Int?
    var lastPage: UInt32 = 0

    /// Old bytes, in use by streams that are on their way through them.
    struct Page {
        let number: UInt32
        let view: any StreamView
        let start: Int
        let head: Int
        var users: Int

        func covers(_ offset: Int) -> Bool { start <= offset && offset < head }
    }

    init(source: any StreamSource, index: UInt32) {
        self.source = source
        self.index = index
        view = source.view()
        readBounds()
    }

    var isEmpty: Bool { slots.isEmpty && slowStreams.isEmpty }

    /// Whether the walk has streams to visit.
    var hasWork: Bool { news != nil || visited < target }

    /// Whether streams of this group are at its end.
    func isAtEnd(_ position: Int) -> Bool { end != nil && position >= head }

    /// Takes the newest view, and asks for a round.
    func refresh() {
        guard let posted = news else { return }
        news = nil
        view = source.view()
        readBounds()
        askForRound()
        publications.append((posted, target))
    }

    /// Lets the walk come by every stream once more.
    func askForRound() { target = visited + slots.count }

    private func readBounds() {
        start = view.start
        head = view.head
        end = view.end
    }

    /// The walk has dealt with the stream under the cursor.
    func advance() {
        visited += 1
        cursor += 1
    }

    /// Publications that everybody has now seen: when they were posted.
    func takeCompleted(_ body: (Monotonic) -> Void) {
        var done = 0
        while done < publications.count, publications[done].target <= visited || slots.isEmpty {
            body(publications[done].posted)
            done += 1
        }
        if done > 0 { publications.removeFirst(done) }
    }

    /// How far the current round has still to go.
    var left: Int { target - visited }

    /// A stream was taken out of `slots`: the last one has its place, which the walk may have passed already.
    func slotsChanged() {
        if visited < target { target = visited + slots.count }
        if cursor >= slots.count { cursor = 0 }
    }
}
