import ArgumentParser
import Logging
import Testing
import runstream

/// The settings that these flags and variables give; the default environment has a home only.
func settings(_ arguments: [String], _ environment: [String: String] = [:], files: [String: String] = [:]) throws -> ServeSettings {
    try ServeSettings.resolve(
        ServeFlags.parse(arguments), environment: ["HOME": "/home/u"].merging(environment) { $1 }, cores: 3,
        readFile: { path throws(ArgumentProblem) in
            guard let text = files[path] else { throw ArgumentProblem("No such file or directory") }
            return text
        })
}

struct SettingsTests {
    @Test func `the defaults are the contract's`() throws {
        let defaults = try settings([])
        #expect(defaults == ServeSettings(databasePath: "/home/u/.local/state/runstream/runstream.db", loops: 3))
        #expect(defaults.host == "127.0.0.1" && defaults.port == 8005 && !defaults.insecureNoKey)
        #expect(defaults.runner == nil && defaults.recipesDirectory == nil && defaults.agentRoot == nil && defaults.apiKey == nil)
        #expect(defaults.maxConcurrent == 10 && defaults.maxQueued == 100 && defaults.maxAttempts == 1)
        #expect(defaults.runTimeout == .seconds(3600) && defaults.killGrace == .seconds(5) && defaults.drainGrace == .seconds(8))
        #expect(defaults.retain == .seconds(7 * 86_400) && defaults.retainLogBytes == 64 << 20 && defaults.heartbeat == .seconds(4))
        #expect(defaults.maxStreams == nil && defaults.maxConnections == nil)
        #expect(defaults.maxBodyBytes == 1 << 20 && defaults.maxHeaderBytes == 16 << 10)
        #expect(defaults.replyTimeout == .seconds(30))
        #expect(defaults.requestTimeout == .seconds(10) && defaults.idleTimeout == .seconds(75) && defaults.writeTimeout == .seconds(60))
        #expect(defaults.allowedHosts.isEmpty && defaults.corsOrigins.isEmpty && defaults.trustedProxies.isEmpty)
        #expect(defaults.logLevel == .info && defaults.logFormat == .text)
    }

    /// A setting: its flag, a value, PraisonAI's names, and what the value comes to, as text.
    struct Row: Sendable {
        let flag: String
        let value: String
        var legacy: [String] = []
        let read: @Sendable (ServeSettings) -> String
        let expected: String
        /// Another good value, to see which source wins.
        let other: String

        init(
            _ flag: String, _ value: String, _ expected: String, other: String, legacy: [String] = [],
            _ read: @escaping @Sendable (ServeSettings) -> String
        ) {
            (self.flag, self.value, self.expected, self.other, self.legacy, self.read) = (flag, value, expected, other, legacy, read)
        }

        var variable: String { "RUNSTREAM_" + flag.uppercased().replacing("-", with: "_") }
    }

    static let rows: [Row] = [
        Row("host", "[::1]", "::1", other: "127.0.0.2", legacy: ["PRAISONAI_JOBS_HOST", "PRAISONAI_JOBS_BIND_HOST"]) { $0.host },
        Row("port", "0", "0", other: "9000", legacy: ["PRAISONAI_JOBS_PORT"]) { "\($0.port)" },
        Row("db", "/tmp/a.db", "/tmp/a.db", other: "b.db", legacy: ["PRAISONAI_JOBS_DB_PATH"]) { $0.databasePath },
        Row("runner", "awk -f 'a b'", "awk -f 'a b'", other: "true") { $0.runner ?? "none" },
        Row("recipes", "./recipes", "./recipes", other: "/r") { $0.recipesDirectory ?? "none" },
        Row("agent-root", "/srv/agents", "/srv/agents", other: "/a", legacy: ["PRAISONAI_JOBS_AGENT_ROOT"]) { $0.agentRoot ?? "none" },
        Row("api-key", "s3cr3t", "s3cr3t", other: "other", legacy: ["PRAISONAI_JOBS_API_KEY"]) { $0.apiKey ?? "none" },
        Row("max-concurrent", "3", "3", other: "4", legacy: ["PRAISONAI_MAX_CONCURRENT_JOBS", "PRAISONAI_JOBS_MAX_CONCURRENT"]) {
            "\($0.maxConcurrent)"
        },
        Row("max-queued", "7", "7", other: "8") { "\($0.maxQueued)" },
        Row("timeout", "90", "90.0 seconds", other: "5m", legacy: ["PRAISONAI_JOB_TIMEOUT", "PRAISONAI_JOBS_DEFAULT_TIMEOUT"]) {
            "\($0.runTimeout)"
        },
        Row("max-attempts", "20", "20", other: "2") { "\($0.maxAttempts)" },
        Row("kill-grace", "250ms", "0.25 seconds", other: "1s") { "\($0.killGrace)" },
        Row("drain-grace", "1.5s", "1.5 seconds", other: "1s") { "\($0.drainGrace)" },
        Row("retain", "2h", "7200.0 seconds", other: "1d") { "\($0.retain)" },
        Row("retain-log", "64KiB", "65536", other: "1MiB") { "\($0.retainLogBytes)" },
        Row("heartbeat", "10", "10.0 seconds", other: "3s") { "\($0.heartbeat)" },
        Row("max-streams", "12", "12", other: "13") { "\($0.maxStreams ?? 0)" },
        Row("max-connections", "14", "14", other: "15") { "\($0.maxConnections ?? 0)" },
        Row("max-body", "2048", "2048", other: "1KiB") { "\($0.maxBodyBytes)" },
        Row("max-header", "32KiB", "32768", other: "1KiB") { "\($0.maxHeaderBytes)" },
        Row("request-timeout", "3s", "3.0 seconds", other: "4s") { "\($0.requestTimeout)" },
        Row("reply-timeout", "2s", "2.0 seconds", other: "4s") { "\($0.replyTimeout)" },
        Row("loop-timeout", "5s", "5.0 seconds", other: "4s") { "\($0.loopTimeout)" },
        Row("idle-timeout", "1m", "60.0 seconds", other: "4s") { "\($0.idleTimeout)" },
        Row("write-timeout", "2m", "120.0 seconds", other: "4s") { "\($0.writeTimeout)" },
        Row("allowed-hosts", "A.example.com, b", "a.example.com b", other: "c") { $0.allowedHosts.joined(separator: " ") },
        Row(
            "cors-origins", "https://A.com,http://[::1]:8000,*", "https://a.com http://[::1]:8000 *", other: "*",
            legacy: ["JOBS_CORS_ORIGINS"]
        ) {
            $0.corsOrigins.joined(separator: " ")
        },
        Row("trusted-proxies", "10.0.0.0/8,::1", "10.0.0.0/8 ::1", other: "127.0.0.1") { $0.trustedProxies.joined(separator: " ") },
        Row("log-level", "DEBUG", "debug", other: "error") { "\($0.logLevel)" },
        Row("log-format", "json", "json", other: "text") { "\($0.logFormat)" },
        Row("loops", "2", "2", other: "1") { "\($0.loops)" },
    ]

    @Test(arguments: rows)
    func `a flag wins over RUNSTREAM's variable, that over PraisonAI's, in their order`(row: Row) throws {
        #expect(try row.read(settings(["--\(row.flag)", row.value])) == row.expected)
        #expect(try row.read(settings([], [row.variable: row.value])) == row.expected)
        #expect(try row.read(settings(["--\(row.flag)", row.value], [row.variable: row.other])) == row.expected)
        for (index, name) in row.legacy.enumerated() {
            #expect(try row.read(settings([], [name: row.value])) == row.expected, "\(name)")
            #expect(try row.read(settings([], [row.variable: row.value, name: row.other])) == row.expected, "\(name)")
            for later in row.legacy[(index + 1)...] {
                #expect(try row.read(settings([], [name: row.value, later: row.other])) == row.expected, "\(name) before \(later)")
            }
        }
        #expect(try row.read(settings([], [row.variable: ""])) == row.read(settings([])), "an empty variable is none")
    }

    @Test func `every flag of serve is in the table above`() {
        let help = ServeFlags.helpMessage(columns: 400)
        let flags = help.split(separator: "\n").filter { $0.hasPrefix("  --") }.compactMap { $0.split(separator: " ").first?.dropFirst(2) }
        let others: Set<Substring> = ["api-key-file", "insecure-no-key"]
        #expect(Set(flags).subtracting(others) == Set(Self.rows.map { Substring($0.flag) }))
    }

    @Test(arguments: [
        ("port", "65536"), ("port", "x"), ("host", "a b"), ("host", "127.0.0.1:80"), ("max-concurrent", "-1"), ("max-queued", "0"),
        ("timeout", "0"),
        ("timeout", "31d"), ("timeout", "1.5"), ("max-attempts", "0"), ("max-attempts", "21"), ("kill-grace", "0"), ("heartbeat", "4 s"),
        ("retain", "1w"), ("retain-log", "1KiB"), ("max-body", "64KB"), ("loops", "0"), ("log-level", "loud"), ("log-format", "xml"),
        ("allowed-hosts", "http://a"), ("cors-origins", "a.com"), ("cors-origins", "https://a.com/x"), ("trusted-proxies", "10.0.0.0/33"),
        ("trusted-proxies", "proxy"),
    ])
    func `a bad value is refused with its name, as a flag and as a variable`(flag: String, value: String) {
        let variable = "RUNSTREAM_" + flag.uppercased().replacing("-", with: "_")
        do {
            _ = try settings(["--\(flag)=\(value)"])
            #expect(Bool(false), "--\(flag) \(value) was taken")
        } catch {
            #expect(ServeFlags.fullMessage(for: error).contains("--\(flag)"))
        }
        do {
            _ = try settings([], [variable: value])
            #expect(Bool(false), "\(variable) \(value) was taken")
        } catch {
            #expect("\(error)".hasPrefix("\(variable)=\(value): "))
        }
    }

    @Test(
        arguments: [
            ([], [:], "none"),
            (["--api-key-file", "k"], ["RUNSTREAM_API_KEY": "env"], "filed"),
            ([], ["RUNSTREAM_API_KEY": "env", "RUNSTREAM_API_KEY_FILE": "k", "PRAISONAI_JOBS_API_KEY": "old"], "env"),
            ([], ["RUNSTREAM_API_KEY_FILE": "k", "PRAISONAI_JOBS_API_KEY": "old"], "filed"),
            (["--api-key", "flag"], ["RUNSTREAM_API_KEY": "env"], "flag"),
        ] as [([String], [String: String], String)])
    func `the API key comes from the first source that has one`(arguments: [String], environment: [String: String], expected: String) throws
    {
        #expect(try settings(arguments, environment, files: ["k": "filed\r\nremark\n"]).apiKey ?? "none" == expected)
    }

    @Test(
        arguments: [
            (["--api-key", ""], [:], SettingsError.badKey(source: "--api-key")),
            (["--api-key", "a b"], [:], .badKey(source: "--api-key")),
            ([], ["RUNSTREAM_API_KEY": "é"], .badKey(source: "RUNSTREAM_API_KEY")),
            (["--api-key-file", "empty"], [:], .badKey(source: "empty")),
            (["--api-key-file", "gone"], [:], .unreadableKeyFile(path: "gone", problem: "No such file or directory")),
            (["--api-key-file", "k", "--api-key", "k"], [:], .twoKeys),
            (["--host", "0.0.0.0"], [:], .keyRequired(host: "0.0.0.0")),
            (["--host", "::"], [:], .keyRequired(host: "::")),
            (["--host", "192.168.1.2"], ["RUNSTREAM_INSECURE_NO_KEY": "no"], .keyRequired(host: "192.168.1.2")),
            (["--host", "example.com"], [:], .keyRequired(host: "example.com")),
            ([], ["HOME": ""], .noStateDirectory),
        ] as [([String], [String: String], SettingsError)])
    func `what would be unsafe or cannot work is refused`(arguments: [String], environment: [String: String], expected: SettingsError) {
        #expect(throws: expected) { try settings(arguments, environment, files: ["empty": "\nkey", "k": "key"]) }
    }

    @Test(
        arguments: [
            (["--host", "0.0.0.0", "--insecure-no-key"], [:]), (["--host", "0.0.0.0"], ["RUNSTREAM_INSECURE_NO_KEY": "true"]),
            (["--host", "::", "--api-key", "k"], [:]), (["--host", "localhost"], [:]), (["--host", "127.8.9.1"], [:]),
        ] as [([String], [String: String])])
    func `with a key, on this machine or at one's own risk the server listens`(arguments: [String], environment: [String: String]) throws {
        #expect(try settings(arguments, environment).port == 8005)
    }

    @Test func `the refusal to listen without a key says what to do`() {
        let text = "\(SettingsError.keyRequired(host: "0.0.0.0"))"
        for hint in ["0.0.0.0", "RUNSTREAM_API_KEY", "--api-key-file", "--insecure-no-key"] { #expect(text.contains(hint)) }
    }

    @Test(arguments: [("0", 100), ("3", 30), ("1", 10)])
    func `the queue is ten times the runs at work, or 100 where none may work`(maxConcurrent: String, maxQueued: Int) throws {
        #expect(try settings(["--max-concurrent", maxConcurrent]).maxQueued == maxQueued)
    }

    @Test(arguments: [
        (["XDG_STATE_HOME": "/state"], "/state/runstream/runstream.db"),
        (["XDG_STATE_HOME": "relative"], "/home/u/.local/state/runstream/runstream.db"),
    ])
    func `the database lies in the user's state directory`(environment: [String: String], path: String) throws {
        #expect(try settings([], environment).databasePath == path)
    }
}
