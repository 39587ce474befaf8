import CLibevent
import Glibc

/// A loop's slab of streams: records in chunks that never move and are reused.
@safe final class StreamTable {
    private static let chunkCount = 128

    private var chunks: [UnsafeMutablePointer<EventStream>] = unsafe []
    private var free: [UInt32] = []

    /// How many records are in use.
    private(set) var count = 0

    /// Frees the memory; every stream must be closed by then.
    deinit {
        for index in unsafe chunks.indices { unsafe chunks[index].deallocate() }
    }

    /// A record to fill in; its slot and generation are set, and must stay.
    func take() -> UnsafeMutablePointer<EventStream> {
        if free.isEmpty { grow() }
        count += 1
        return unsafe self[free.removeLast()]
    }

    /// Gives a record back.
    func release(_ stream: UnsafeMutablePointer<EventStream>) {
        unsafe stream.pointee.state = []
        unsafe stream.pointee.generation &+= 1
        unsafe free.append(stream.pointee.slot)
        count -= 1
    }

    /// The record in a slot.
    subscript(slot: UInt32) -> UnsafeMutablePointer<EventStream> {
        unsafe chunks[Int(slot) / Self.chunkCount] + Int(slot) % Self.chunkCount
    }

    /// The stream of that name, if it still is.
    subscript(handle: StreamHandle) -> UnsafeMutablePointer<EventStream>? {
        let stream = unsafe self[handle.slot]
        return unsafe stream.pointee.generation == handle.generation && stream.pointee.state.contains(.open) ? stream : nil
    }

    /// All open streams.
    var handles: [StreamHandle] {
        unsafe (0..<UInt32(chunks.count * Self.chunkCount)).compactMap { slot in
            let stream = unsafe self[slot]
            return unsafe stream.pointee.state.contains(.open) ? stream.pointee.handle : nil
        }
    }

    private func grow() {
        let chunk = UnsafeMutablePointer<EventStream>.allocate(capacity: Self.chunkCount)
        unsafe memset(chunk, 0, Self.chunkCount * MemoryLayout<EventStream>.stride)
        let first = unsafe UInt32(chunks.count * Self.chunkCount)
        for index in 0..<UInt32(Self.chunkCount) { unsafe chunk[Int(index)].slot = first + index }
        unsafe chunks.append(chunk)
        // The lowest slots first, so that few chunks are touched.
        free.append(contentsOf: (first..<(first + UInt32(Self.chunkCount))).reversed())
    }
}
