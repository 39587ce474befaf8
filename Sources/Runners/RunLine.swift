import Jobs

/// The runs that wait for a slot, first come, first served.
struct RunLine {
    private var order: [JobID] = []
    private var head = 0
    private var waiting: [JobID: Job] = [:]

    var count: Int { waiting.count }

    mutating func append(_ job: Job) {
        guard waiting.updateValue(job, forKey: job.id) == nil else { return }
        order.append(job.id)
    }

    /// Puts another line behind this one.
    mutating func append(contentsOf other: RunLine) {
        for id in other.order[other.head...] {
            if let job = other.waiting[id] { append(job) }
        }
    }

    mutating func popFirst() -> Job? {
        while head < order.count {
            let id = order[head]
            head += 1
            if let job = waiting.removeValue(forKey: id) { return job }
        }
        order = []
        head = 0
        return nil
    }

    /// Takes a run out; nil if it was not in line.
    mutating func remove(_ id: JobID) -> Job? {
        guard let job = waiting.removeValue(forKey: id) else { return nil }
        // Its id stays behind and is passed over; many of them are thrown out together.
        if order.count - head > 2 * waiting.count + 1024 {
            order = order[head...].filter { waiting[$0] != nil }
            head = 0
        }
        return job
    }
}
