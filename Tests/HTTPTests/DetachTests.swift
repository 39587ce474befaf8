import Glibc
import HTTP
import Testing

/// A socket that was replaced while the kernel still watched it would be watched on behind its duplicate, with no way to end it: each event
/// would wake the loop twice, and the second one be of whatever has the old number by then.
@Suite struct DetachTests {
    @Test func `the kernel watches a stream's socket once`() throws {
        let log = TestLog()
        let server = try streaming(log)
        let clients = try (0..<20).map { _ in
            let client = try RawClient(port: server.port)
            client.send(get)
            return client
        }
        for client in clients { #expect(client.receive(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200 OK\r\n")) }
        log.append(["a"])
        for client in clients { #expect(client.receive(through: "data: a\n\n\r\n") == log.text(after: 0)) }
        let watched = watchedSockets()
        #expect(watched.count >= clients.count)
        for (socket, times) in watched { #expect(times == 1, "socket \(socket) is watched \(times) times") }
        log.close(.done)
        for client in clients {
            #expect(client.receiveAll() == "0\r\n\r\n")
            client.hangUp()
        }
        #expect(eventually { server.counters.streams.value == 0 && server.counters.connections.value == 0 })
    }

    /// Unread answers fill the send buffer more and more, until "100 Continue" finds no room: the client then sends its body all the same.
    @Test func `a stream is watched once, whether its 100 Continue found room or not`() throws {
        let log = TestLog()
        let server = try TestServer(sendBuffer: 32_768) { request, reply, _ in
            guard request.path == "/s" else { return reply.send(Response(status: 200, body: .bytes([UInt8](repeating: 0, count: 3_000)))) }
            reply.stream(StreamOpening(source: log, position: 0))
        }
        let clients = try (0..<24).map { unread in
            let client = try RawClient(port: server.port, receiveBuffer: 4_096)
            for _ in 0..<unread {
                let before = server.seen.withLock { $0.count }
                client.send("GET /unread HTTP/1.1\r\nHost: h\r\n\r\n")
                // One is not seen when the answer before it found no room at all.
                for _ in 0..<20 where server.seen.withLock({ $0.count }) == before { block(milliseconds: 1) }
            }
            client.send("GET /s HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
            block(milliseconds: 20)
            client.send("x")
            return client
        }
        // Where even an answer had to wait, the next request counts as pipelined and the connection ends.
        let streams = clients.map { $0.receive(through: "text/event-stream") }.filter { $0.hasSuffix("text/event-stream") }
        #expect(streams.contains { $0.contains("100 Continue") })
        #expect(eventually { server.counters.streams.value == streams.count })
        for (socket, times) in watchedSockets() { #expect(times == 1, "socket \(socket) is watched \(times) times") }
        for client in clients { client.hangUp() }
        #expect(eventually { server.counters.streams.value == 0 })
    }

    /// How often each of this process's sockets is in one of its epolls, by inode.
    private func watchedSockets() -> [UInt64: Int] {
        let descriptors = entries("/proc/self/fd")
        let links = descriptors.compactMap { linkTarget("/proc/self/fd/" + $0) }
        let sockets = Set(links.compactMap { $0.hasPrefix("socket:[") ? UInt64($0.dropFirst(8).dropLast()) : nil })
        var times: [UInt64: Int] = [:]
        for descriptor in descriptors {
            for line in contents("/proc/self/fdinfo/" + descriptor).split(separator: "\n") where line.hasPrefix("tfd:") {
                guard let field = line.firstRange(of: " ino:") else { continue }
                let digits = line[field.upperBound...].prefix { $0 != " " }
                if let inode = UInt64(digits, radix: 16), sockets.contains(inode) { times[inode, default: 0] += 1 }
            }
        }
        return times
    }

    private func entries(_ directory: String) -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            names.append(
                unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    private func linkTarget(_ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            return unsafe readlink(path, start.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    private func contents(_ path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var all: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return String(decoding: all, as: UTF8.self) }
            all += bytes.prefix(count)
        }
    }
}
