import Foundation

/// A viewer: opens a stream and reads its text, without the chunk framing.
final class StreamClient {
    let status: Int
    /// Names in lower case.
    let headers: [String: String]
    private let client: RawClient
    private var raw: [UInt8] = []
    /// The text so far.
    private(set) var text = ""
    /// Whether the last chunk has come.
    private(set) var hasEnded = false
    private let isChunked: Bool

    init(_ api: TestAPI, _ path: String, _ headers: [String: String?] = [:], receiveBuffer: Int32? = nil) throws {
        client = try RawClient(port: api.port, receiveBuffer: receiveBuffer)
        client.send(api.request("GET", path, headers))
        let lines = client.receive(through: "\r\n\r\n").components(separatedBy: "\r\n")
        status = lines.first.flatMap { line in line.split(separator: " ").dropFirst().first.flatMap { Int($0) } } ?? 0
        var all: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            all[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        self.headers = all
        isChunked = all["transfer-encoding"] == "chunked"
    }

    /// Reads until the text holds this, or the stream has ended.
    @discardableResult
    func read(until needle: String) -> String {
        while !text.contains(needle), readSome() {}
        return text
    }

    /// Reads to the end of the connection.
    func readAll() -> String {
        while readSome() {}
        return text
    }

    private func readSome() -> Bool {
        let some = client.receive()
        guard !some.isEmpty else { return false }
        raw += some
        guard isChunked else {
            text += String(decoding: raw, as: UTF8.self)
            raw = []
            return true
        }
        while let line = raw.firstIndex(of: 0x0A), let size = Int(String(decoding: raw[..<(line - 1)], as: UTF8.self), radix: 16),
            raw.count >= line + 1 + size + 2
        {
            text += String(decoding: raw[(line + 1)..<(line + 1 + size)], as: UTF8.self)
            raw.removeFirst(line + 1 + size + 2)
            if size == 0 { hasEnded = true }
        }
        return true
    }

    /// The text without its first two lines, whose content differs from stream to stream.
    var events: String { text.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).dropFirst(2).joined() }

    /// The numbers of the events so far.
    var ids: [Int] { text.split(separator: "\n").compactMap { $0.hasPrefix("id: ") ? Int($0.dropFirst(4)) : nil } }
}
