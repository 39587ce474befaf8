import Jobs

/// A reader's thread: take a read, do it, answer all who wait for it.
extension StoreReaders {
    func run() {
        while let request = next() {
            do throws(StoreError) {
                switch request.read {
                case .job(let id): answer(request, .job(try load(id)))
                case .result(let id): answer(request, .result(try store.result(of: id)))
                case .list(let status, let sessionID, let page, let pageSize):
                    let filter = JobFilter(status: status, sessionID: sessionID, page: page, pageSize: pageSize)
                    let page = try store.list(filter)
                    committer.awaitPublication()
                    answer(request, .page(page))
                case .counts: answer(request, .counts(try store.counts()))
                case .frames(let id, let address): answer(request, address, try frames(id, address))
                }
            } catch {
                fail(request, error)
            }
        }
    }

    private func next() -> ReaderQueue.Request? {
        let request = queue.wait { queue -> ReaderQueue.Request?? in
            if queue.isStopping { return .some(nil) }
            return queue.next().map { .some($0) }
        }
        return request ?? nil
    }

    // MARK: Reads

    /// A run that has ended, out of the store into the registry. Unfinished runs are in memory. If this one isn't yet, the writer is about to
    /// register it: wait for that transaction, once.
    private func load(_ id: JobID) throws(StoreError) -> Job? {
        for _ in 0..<2 {
            if let job = registry.find(id) { return job }
            guard let stored = try store.job(id) else { return nil }
            guard !stored.snapshot.status.isTerminal else {
                return registry.insert(Job(stored: stored, committer: committer, memory: memory))
            }
            committer.awaitPublication()
        }
        if let job = registry.find(id) { return job }
        throw .unavailable("the run \(id) is not in memory")
    }

    /// A viewer who comes upon a cached page goes on where that ends, so that those who began in different places soon share pages.
    private func frames(_ id: JobID, _ address: LogAddress) throws(StoreError) -> LogPage? {
        if let page = cache.find(id, address) { return page }
        guard let frames = try store.read(id, from: address, maxBytes: limits.pageBytes) else { return nil }
        let page = LogPage(frames)
        cache.insert(id, page)
        return page
    }

    // MARK: Answers

    private func answer(_ request: ReaderQueue.Request, _ answer: StoreAnswer) {
        for case .waiter(let waiter) in request.waiting { waiter.answer(answer) }
    }

    private func answer(_ request: ReaderQueue.Request, _ address: LogAddress, _ page: LogPage?) {
        for case .frames(let observer) in request.waiting { observer.framesArrived(address, page) }
    }

    func fail(_ request: ReaderQueue.Request, _ error: StoreError) {
        for one in request.waiting {
            switch (one, request.read) {
            case (.waiter(let waiter), _): waiter.answer(.failed(error))
            case (.frames(let observer), .frames(_, let address)): observer.framesArrived(address, nil)
            case (.frames, _): preconditionFailure("who waits for frames has asked for frames")
            }
        }
    }
}
