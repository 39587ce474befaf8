import ArgumentParser
import CLoad
import Foundation

@main
struct StreamLoad: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream-load",
        abstract: "Holds many event streams on a real server and checks every one: each id once, in order, [DONE], close.",
        discussion: """
            Starts the server, submits runs whose events are stamped with the moment when they were due, opens all streams, then lets the runs \
            begin. Exit code 1 if any event was lost, doubled or misordered, or a stream did not end.
            """)

    @Option(help: "The server's binary.") var server = "../.build/release/runstream"
    @Option(help: "Concurrent streams, over all runs.") var streams = 5000
    @Option(help: "Runs; the streams are dealt out among them.") var jobs = 1
    @Option(help: "Events a second, of each run; 0: as fast as it can.") var rate = 10.0
    @Option(help: "Events of each run.") var events = 50
    @Option(help: "Bytes of padding in each event.") var payload = 100
    @Option(help: "Percent of the streams that read 1 KB at a time from a 4 KB buffer.") var slow = 0
    @Option(help: "Seconds after which what has not ended counts as lost.") var deadline = 120
    @Option(help: "Serving loops of the server.") var loops: Int?
    @Flag(help: "Print the figures as one JSON object.") var json = false

    func run() throws {
        raiseFileLimit()
        let recipes = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("recipes").path
        try prepare(recipes: recipes)
        var arguments = ["--max-concurrent", "\(max(jobs, 1))", "--max-queued", "\(max(jobs, 1))", "--log-level", "warning"]
        if let loops { arguments += ["--loops", "\(loops)"] }
        let server = try ServerProcess(binary: server, recipes: recipes, arguments: arguments)
        defer { server.stop() }
        let gate = server.directory.appendingPathComponent("gate").path
        guard mkfifo(gate, 0o600) == 0 else { throw LoadError("mkfifo: \(errno)") }
        let requests = try (0..<jobs).map { _ in try submit(to: server, gate: gate) }
        let before = server.usage()
        let result = try receive(requests, from: server, gate: gate)
        let after = server.usage()
        let report = Report(
            result: result, streams: streams, jobs: jobs, rate: rate, events: events, payload: payload,
            serverCPUSeconds: after.cpuSeconds - before.cpuSeconds, residentBytes: after.residentBytes)
        print(json ? report.json : report.table)
        guard report.isClean else { throw ExitCode(1) }
    }

    /// Submits one run and makes the request that opens a stream on it.
    private func submit(to server: ServerProcess, gate: String) throws -> String {
        let config = #"{"rate": \#(rate), "count": \#(events), "payload": \#(payload), "gate": "\#(gate)"}"#
        let answer = try server.request(
            "POST", "/api/v1/runs", body: #"{"prompt": "load", "recipe_name": "emitter", "recipe_config": \#(config)}"#)
        guard answer.status == 202, let range = answer.body.range(of: #"run_[0-9a-f]{12}"#, options: .regularExpression) else {
            throw LoadError("submit: \(answer.status) \(answer.body)")
        }
        return "GET /api/v1/runs/\(answer.body[range])/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
    }

    private func receive(_ requests: [String], from server: ServerProcess, gate: String) throws -> cload_result {
        let texts = requests.map { strdup($0) }
        defer { texts.forEach { free($0) } }
        let pointers = texts.map { UnsafePointer<CChar>($0) }
        let gatePath = strdup(gate)
        defer { free(gatePath) }
        let host = strdup("127.0.0.1")
        defer { free(host) }
        var result = cload_result()
        let failure = pointers.withUnsafeBufferPointer { requests in
            var options = cload_options()
            options.host = UnsafePointer(host)
            options.port = Int32(server.port)
            options.requests = requests.baseAddress
            options.request_count = Int32(requests.count)
            options.streams = Int32(streams)
            options.connect_batch = 256
            options.expected_ticks = Int64(events)
            options.slow_share_percent = Int32(slow)
            options.deadline_ns = cload_now() + UInt64(deadline) * 1_000_000_000
            // Opening the gate for writing lets every run begin that waits for it, and those that come late.
            return cload_run(&options, &result, { gate in openGate(gate) }, gatePath)
        }
        guard failure == 0 else { throw LoadError("load: \(String(cString: strerror(failure)))") }
        return result
    }

    /// The recipes' directory holds the emitter alone.
    private func prepare(recipes: String) throws {
        let emitter = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("emitter").path
        try FileManager.default.createDirectory(atPath: recipes, withIntermediateDirectories: true)
        let link = recipes + "/emitter"
        unlink(link)
        guard Glibc.link(emitter, link) == 0 else { throw LoadError("link \(emitter): \(errno)") }
    }

    private func raiseFileLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

private func openGate(_ path: UnsafeMutableRawPointer?) {
    guard let path else { return }
    _ = open(path.assumingMemoryBound(to: CChar.self), O_WRONLY | O_CLOEXEC)
}
