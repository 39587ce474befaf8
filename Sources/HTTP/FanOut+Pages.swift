import EventLoop

/// Old bytes, which a reader thread brings: one request at a time per source, for whoever needs them.
extension FanOut {
    /// The stream needs bytes that are no longer in memory.
    func awaitPage(_ stream: UnsafeMutablePointer<EventStream>, _ group: StreamGroup) {
        unsafe leavePage(stream, group)
        unsafe stream.pointee.state.insert(.awaitsPage)
        unsafe group.pageWaiters.append(stream.pointee.handle)
        requestPage(group)
    }

    /// The same for a stream of the slow path, which is asked again when a page is there.
    func requestPage(_ group: StreamGroup) {
        guard group.requestedPage == nil, let mailbox else { return }
        group.pageWaiters.removeAll { unsafe table[$0] == nil }
        let positions = group.pageWaiters.compactMap { unsafe table[$0]?.pointee.position } + group.slowStreams.compactMap(\.awaitedPage)
        guard let lowest = positions.min() else { return }
        group.requestedPage = lowest
        group.source.requestPage(at: lowest, for: mailbox)
    }

    /// An answer to a group that has gone since, whose source has a new one, is none to that one's own question.
    func pageArrived(_ group: StreamGroup, _ view: any StreamView, at requested: Int) {
        guard group.requestedPage == requested else { return }
        group.lastPage = group.lastPage == .max ? 1 : group.lastPage + 1
        let page = StreamGroup.Page(number: group.lastPage, view: view, start: view.start, head: view.head, users: 0)
        guard page.covers(requested) else { return pageFailed(group, at: requested) }
        group.requestedPage = nil
        let waiters = group.pageWaiters
        group.pageWaiters = []
        group.pages.append(page)
        let index = group.pages.count - 1
        for handle in waiters {
            guard let stream = unsafe table[handle] else { continue }
            guard unsafe page.covers(stream.pointee.position) else {
                group.pageWaiters.append(handle)
                continue
            }
            group.pages[index].users += 1
            unsafe stream.pointee.state.remove(.awaitsPage)
            unsafe stream.pointee.page = page.number
            unsafe enqueue(stream)
        }
        if group.pages[index].users == 0 { group.pages.remove(at: index) }
        for slow in group.slowStreams where slow.awaitedPage.map(page.covers) ?? false { slow.give(view) }
        requestPage(group)
    }

    /// Cuts those who wait at that offset; they come back, and are then told what is missing.
    func pageFailed(_ group: StreamGroup, at offset: Int) {
        guard group.requestedPage == offset else { return }
        group.requestedPage = nil
        let waiters = group.pageWaiters
        group.pageWaiters = []
        for handle in waiters {
            guard let stream = unsafe table[handle] else { continue }
            guard unsafe stream.pointee.position == offset else {
                group.pageWaiters.append(handle)
                continue
            }
            unsafe stream.pointee.state.remove(.awaitsPage)
            unsafe cut(stream)
        }
        for slow in group.slowStreams where slow.awaitedPage == offset { slow.finish() }
        requestPage(group)
    }

    /// Ends a stream whose next bytes cannot be had: cleanly between chunks, otherwise by closing.
    private func cut(_ stream: UnsafeMutablePointer<EventStream>) {
        // Nor within a heartbeat, whose rest would be overwritten.
        let isBetweenChunks = unsafe stream.pointee.frameLeft == 0 && !stream.pointee.state.contains(.hasPrivate)
        guard isBetweenChunks else { return unsafe remove(stream) }
        var budget = 0
        unsafe finish(stream, &budget)
    }

    /// A stream has no use for its page any more, or for now.
    func leavePage(_ stream: UnsafeMutablePointer<EventStream>, _ group: StreamGroup) {
        let number = unsafe stream.pointee.page
        guard number != 0 else { return }
        unsafe stream.pointee.page = 0
        guard let index = group.pages.firstIndex(where: { $0.number == number }) else { return }
        group.pages[index].users -= 1
        if group.pages[index].users == 0 { group.pages.remove(at: index) }
    }
}
