import ArgumentParser
import CLoad
import Glibc

/// Opens many event streams on a server that is already there, checks every event on every stream and reports latencies.
///
/// When all streams are open it prints `open` and waits for a line on stdin (so that whoever started it can look at the server's memory), then
/// opens the gate that the emitters wait at. At the end it prints one JSON object. It exits 1 if any event was lost, doubled or misordered.
@main
struct StreamLoad: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "stream-load")

    @Option(help: "The server's IPv4 address.") var host = "127.0.0.1"
    @Option(help: "The server's port.") var port: Int
    @Option(help: "A file with a path a line; stream i opens line i modulo the number of lines.") var paths: String
    @Flag(help: "Bare SSE with foreign ids (nchan) instead of the server's wire.") var raw = false
    @Option(help: "Concurrent streams, over all paths.") var streams = 1000
    @Option(help: "Connects under way at once.") var connectBatch = 256
    @Option(help: "Source addresses, 127.0.0.2 and up; 0: the kernel's choice. One has about 28,000 ports.") var sources = 0
    @Option(help: "Numbered events that each stream must get.") var events = 0
    @Option(help: "Events a second of each path.") var rate = 0.0
    @Option(help: "Percent of the streams that read 1 KB a second from a 4 KB buffer, until the others have ended.") var slow = 0
    @Option(help: "Streams a second that are dropped and come back with Last-Event-ID.") var churn = 0.0
    @Option(help: "Seconds after which all streams are dropped at once and come back; 0: never.") var storm = 0.0
    @Option(help: "The cursor that every stream begins with.") var lastEventID: Int?
    @Option(help: "Seconds to hold the streams without waiting for their end; 0: read to the end.") var hold = 0.0
    @Option(help: "Seconds after which what has not ended counts as lost.") var deadline = 120.0
    @Option(help: "A FIFO to open for writing when all streams are open.") var gate: String?

    func run() throws {
        raiseFileLimit()
        let latencies = Latencies(gate: gate)
        let paths = try readPaths()
        var result = cload_result()
        let failure = withCStrings(paths) { pointers in
            host.withCString { host in
                var options = cOptions(latencies)
                options.host = host
                options.paths = pointers.baseAddress
                options.path_count = Int32(paths.count)
                return cload_run(&options, &result)
            }
        }
        guard failure == 0 else { throw ValidationError(String(cString: strerror(failure))) }
        let report = Report(result: result, latencies: latencies)
        print(try report.json())
        guard report.isClean else { throw ExitCode(1) }
    }

    private func cOptions(_ latencies: Latencies) -> cload_options {
        var options = cload_options()
        options.port = Int32(port)
        options.wire = raw ? CLOAD_RAW : CLOAD_CHUNKED
        options.streams = Int32(streams)
        options.connect_batch = Int32(connectBatch)
        options.sources = Int32(sources)
        options.events = Int64(events)
        options.rate = rate
        options.slow_percent = Int32(slow)
        options.churn_rate = churn
        options.storm_seconds = storm
        options.last_event_id = Int64(lastEventID ?? -1)
        options.hold_seconds = hold
        options.deadline_seconds = deadline
        options.go_fd = STDIN_FILENO
        latencies.connect(to: &options)
        return options
    }

    private func readPaths() throws -> [String] {
        guard let file = fopen(paths, "r") else { throw ValidationError("\(paths): \(String(cString: strerror(errno)))") }
        defer { fclose(file) }
        var lines: [String] = []
        while let line = readLine(file) { lines.append(line) }
        guard !lines.isEmpty else { throw ValidationError("\(paths) is empty") }
        return lines
    }

    private func readLine(_ file: UnsafeMutablePointer<FILE>) -> String? {
        var buffer = [CChar](repeating: 0, count: 1024)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func raiseFileLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

private func withCStrings<R>(_ strings: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> R) -> R {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return copies.map { UnsafePointer<CChar>($0) }.withUnsafeBufferPointer(body)
}
