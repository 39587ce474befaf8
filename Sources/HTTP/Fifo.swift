/// A line: in at the back, out at the front, each in constant time on average, in one array that is kept.
struct Fifo<Element> {
    private var elements: [Element] = []
    private var start = 0

    var isEmpty: Bool { start == elements.count }

    mutating func append(_ element: Element) { elements.append(element) }

    /// The one at the front, which must be there.
    mutating func removeFirst() -> Element {
        let element = elements[start]
        start += 1
        // Half of the array is behind: moving the rest once costs no more than what was taken since the last time.
        if start * 2 > elements.count {
            elements.removeFirst(start)
            start = 0
        }
        return element
    }
}
