import Foundation
import Testing
import runstream

struct LogQueueTests {
    @Test func `a log that nobody reads stops nobody, and what was dropped is said`() throws {
        let pipe = Pipe()
        let queue = try LogQueue(descriptor: pipe.fileHandleForWriting.fileDescriptor) { Array("dropped \($0)\n".utf8) }
        let line = [UInt8](repeating: 0x61, count: 1023) + [0x0A]
        // More than the pipe and the queue hold. On the old code the 65th line waits for ever.
        let count = 2 * LogQueue.limitBytes / line.count + 200
        for _ in 0..<count { queue.put(line) }
        #expect(queue.dropped > 0)
        queue.flush(within: .milliseconds(10))
        var text = Data()
        while !text.contains(Data("dropped ".utf8)) { text += pipe.fileHandleForReading.availableData }
        #expect(text.starts(with: line))
        #expect(text.hasSuffix("dropped \(queue.dropped)\n"))
        try pipe.fileHandleForWriting.close()
    }

    @Test func `what was logged before the end is written at the end`() throws {
        let pipe = Pipe()
        let queue = try LogQueue(descriptor: pipe.fileHandleForWriting.fileDescriptor) { _ in [] }
        for number in 0..<100 { queue.put(Array("\(number)\n".utf8)) }
        queue.flush(within: .seconds(20))
        #expect(pipe.fileHandleForReading.availableData == Data((0..<100).map { "\($0)\n" }.joined().utf8))
    }
}

extension Data {
    fileprivate func contains(_ part: Data) -> Bool { range(of: part) != nil }
    fileprivate func hasSuffix(_ text: String) -> Bool { suffix(text.utf8.count) == Data(text.utf8) }
}
