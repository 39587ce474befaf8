import Foundation
import Jobs
import Runners
import Testing

/// All that starts processes, one test at a time: they look at /proc and count descriptors.
@Suite(.serialized) struct ProcessTests {}

extension ProcessTests {
    struct ProcessRunnerTests {
        @Test func `a run's lines become its events, and exit 0 its success`() throws {
            let bench = try RunBench {
                $0.runner = RunBench.script(
                    """
                    echo '{"event":"progress","percentage":50,"current_step":"half"}'
                    echo plain
                    echo oops >&2
                    echo '{"event":"result","data":{"rows":3}}'
                    """)
            }
            let job = bench.submit(bench.job())
            let end = try bench.end(of: job)
            #expect(end.status == .succeeded && end.error == nil && end.attempt == 1)
            #expect(
                bench.said(by: job).sorted() == [
                    #"{"event": "log", "data": {"message": "oops", "stream": "stderr"}}"#,
                    #"{"event": "log", "data": {"message": "plain"}}"#,
                    #"{"event": "progress", "data": {"percentage": 50, "current_step": "half"}}"#,
                ])
            #expect(bench.result(of: job) == #"{"rows": 3}"#)
            #expect(try bench.leftovers() == [])
        }

        @Test(
            arguments: [
                ("echo a; echo; echo b; echo", #""a\n\nb""#),
                ("printf 'no line feed'", #""no line feed""#),
                ("echo '{\"event\":\"log\",\"data\":\"x\"}'", nil),
                ("true", nil),
                ("echo text; echo '{\"event\":\"result\",\"data\":1}'; echo '{\"event\":\"result\",\"data\":2}'", "2"),
                (
                    "echo text; echo '{\"event\":\"result\",\"data\":1}'; printf '{\"a\":[1,\\n2]}\\n' > $RUNSTREAM_RESULT_FILE",
                    #"{"a": [1, 2]}"#
                ),
                ("echo 'not json' > $RUNSTREAM_RESULT_FILE", #""not json\n""#),
                ("printf '\\377' > $RUNSTREAM_RESULT_FILE", "\"\u{fffd}\""),
                ("echo '{\"event\":\"result\",\"data\":1}'; : > $RUNSTREAM_RESULT_FILE", "1"),
                ("echo '{\"event\":\"result\",\"data\":null}'", "null"),
            ] as [(String, String?)])
        func `the result is the file's, else the last reported one, else the plain text`(script: String, result: String?) throws {
            let bench = try RunBench { $0.runner = RunBench.script(script) }
            let job = bench.submit(bench.job())
            #expect(try bench.end(of: job).status == .succeeded)
            #expect(bench.result(of: job) == result)
        }

        @Test func `a result file may have 16 MiB and not a byte more`() throws {
            let bench = try RunBench {
                $0.runner = RunBench.script(
                    #"head -c $(sed 's/.*"prompt": "\([0-9]*\)".*/\1/') /dev/zero | tr '\0' 7 > $RUNSTREAM_RESULT_FILE"#)
            }
            let fits = bench.submit(bench.job("\(Limits.resultFileBytes)"))
            #expect(try bench.end(of: fits).status == .succeeded)
            #expect(bench.result(of: fits)?.utf8.count == Limits.resultFileBytes)
            let larger = bench.submit(bench.job("\(Limits.resultFileBytes + 1)"))
            #expect(try bench.end(of: larger).error == "The result file has 16777217 bytes; at most 16777216 are allowed")
        }

        @Test(arguments: ["mkfifo", "mkdir"])
        func `a result file that is none fails the run`(command: String) throws {
            let bench = try RunBench { $0.runner = RunBench.script("\(command) $RUNSTREAM_RESULT_FILE") }
            let job = bench.submit(bench.job())
            #expect(try bench.end(of: job).error == "The result file is no regular file")
        }

        @Test(arguments: [
            ("exit 3", "Exited with status 3"),
            ("kill -9 $$", "Killed by signal 9 (SIGKILL)"),
            // As the kernel does to what uses too much memory: what was said before has nothing to do with it.
            ("echo 'UserWarning: the slow tokenizer is used' >&2; kill -9 $$", "Killed by signal 9 (SIGKILL)"),
            ("kill -TERM $$", "Killed by signal 15 (SIGTERM)"),
            ("echo first >&2; echo 'the reason' >&2; echo >&2; exit 1", "the reason"),
            ("printf 'without line feed' >&2; exit 1", "without line feed"),
            ("echo '{}' > $RUNSTREAM_RESULT_FILE; exit 1", "Exited with status 1"),
            ("printf 'bad \\377' >&2; exit 1", "bad \u{fffd}"),
        ])
        func `any other exit fails the run, with the last stderr line as the error`(script: String, error: String) throws {
            let bench = try RunBench { $0.runner = RunBench.script(script) }
            let job = bench.submit(bench.job())
            let end = try bench.end(of: job)
            #expect(end.status == .failed && end.error == error)
            #expect(bench.result(of: job)?.hasPrefix("{\"exit_status\": ") == true, "no result, but what is known of the failure")
        }

        @Test func `a runner is told its job on stdin, as one line, then the end`() throws {
            let bench = try RunBench { $0.runner = RunBench.script("cat > $RUNSTREAM_RESULT_FILE") }
            let job = bench.job("say \"hi\"\n\u{2028}é", session: "s1", timeout: 77) {
                $0.agentFile = "/a.yaml"
                $0.agentYAML = "x: 1"
                $0.recipeConfig = #"{"n": 1.50}"#
                $0.framework = "crewai"
                $0.config = nil
            }
            bench.submit(job)
            try bench.end(of: job)
            #expect(
                bench.result(of: job)
                    == #"{"job_id": "\#(job.id)", "prompt": "say \"hi\"\n\u2028é", "agent_file": "/a.yaml", "agent_yaml": "x: 1", "#
                    + #""recipe_name": null, "recipe_config": {"n": 1.50}, "framework": "crewai", "config": null, "session_id": "s1", "#
                    + #""timeout": 77, "attempt": 1, "created_at": "\#(job.spec.createdAt.iso8601)"}"#)
        }

        @Test func `a runner that never reads its stdin holds nothing up`() throws {
            let bench = try RunBench { $0.runner = RunBench.script("echo done") }
            let prompt = String(repeating: "x", count: 1 << 20)
            let jobs = (0..<3).map { _ in bench.submit(bench.job(prompt)) }
            for job in jobs { #expect(try bench.end(of: job).status == .succeeded) }
        }

        @Test func `a runner that reads a large job slowly gets all of it`() throws {
            let bench = try RunBench { $0.runner = RunBench.script("dd bs=1000 2>/dev/null | wc -c") }
            let job = bench.submit(bench.job(String(repeating: "é", count: 500_000)))
            try bench.end(of: job)
            let size = try #require(bench.result(of: job).flatMap { Int($0.trimmingCharacters(in: CharacterSet(charactersIn: "\" "))) })
            #expect(size > 1_000_000 && size < 1_001_000)
        }

        @Test func `a runner's environment is the server's without its settings, and the run's variables`() throws {
            let bench = try RunBench {
                $0.runner = RunBench.script("env; pwd; ls -A | wc -l")
                $0.environment = [
                    "PATH=/usr/bin:/bin", "KEEP=me", "RUNSTREAM_API_KEY=secret", "RUNSTREAM_JOB_ID=other", "PRAISONAI_JOBS_API_KEY=secret",
                    "PRAISONAI_MODEL=m", "PWD=/elsewhere", "OLDPWD=/x",
                ]
            }
            let job = bench.submit(bench.job(session: "s 1"))
            try bench.end(of: job)
            let lines = bench.said(by: job).map { $0.dropFirst(#"{"event": "log", "data": {"message": ""#.count).dropLast(#""}}"#.count) }
            let home = try #require(lines.first { $0.hasPrefix("PWD=") }?.dropFirst(4))
            #expect(home.hasPrefix(bench.directory.path) && lines.contains(home), "it begins there")
            #expect(lines.last == "0", "in a directory of its own")
            #expect(
                Set(lines).isSuperset(of: [
                    "KEEP=me", "PRAISONAI_MODEL=m", "RUNSTREAM_JOB_ID=\(job.id)", "RUNSTREAM_SESSION_ID=s 1", "RUNSTREAM_ATTEMPT=1",
                    "RUNSTREAM_INSTANCE=\(bench.instance)",
                ]))
            #expect(!lines.contains { $0.contains("secret") || $0.hasPrefix("OLDPWD") || $0 == "RUNSTREAM_JOB_ID=other" })
            #expect(try bench.leftovers() == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.directory.path + "/runs") == [], "removed afterwards")
        }

        @Test func `directories of a run are removed, however deep they nest`() throws {
            let bench = try RunBench {
                $0.childFileLimit = 256
                $0.runner = ["/usr/bin/env", "python3", "-c", "import os\nfor _ in range(3000): os.mkdir('d'); os.chdir('d')"]
            }
            var before = rlimit()
            #expect(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0)
            var few = before
            few.rlim_cur = min(before.rlim_cur, 1024)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &few)
            defer { unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) }
            let job = bench.submit(bench.job())
            #expect(try bench.end(of: job).error == nil)
            #expect(try bench.leftovers() == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.directory.path + "/runs") == [])
        }

        @Test func `a runner has no descriptor of the server's, default signals, and the file limit as it was`() throws {
            let bench = try RunBench {
                $0.runner = RunBench.script(
                    "ls /proc/self/fd | wc -l; ulimit -Sn; grep -E 'Sig(Blk|Ign)' /proc/self/status; ps -o pgid= -p $$; echo $$")
                $0.childFileLimit = 777
            }
            let job = bench.submit(bench.job())
            try bench.end(of: job)
            let text = try #require(bench.result(of: job))
            let lines = text.trimmingCharacters(in: CharacterSet(charactersIn: "\"")).components(separatedBy: "\\n")
            // 0, 1, 2 and the one that ls itself has open.
            #expect(lines[0].trimmingCharacters(in: .whitespaces) == "4")
            #expect(lines[1] == "777")
            #expect(lines[2].hasSuffix("0000000000000000") && lines[3].hasSuffix("0000000000000000"), "\(lines[2]) \(lines[3])")
            #expect(lines[4].trimmingCharacters(in: .whitespaces) == lines[5], "it leads its group")
        }

        @Test func `a long line is cut with a warning, on both streams`() throws {
            let long = Limits.lineBytes + 5
            let bench = try RunBench {
                $0.runner = RunBench.script(
                    "head -c \(long) /dev/zero | tr '\\0' x; echo; head -c \(long) /dev/zero | tr '\\0' y >&2; echo after")
            }
            let job = bench.submit(bench.job())
            try bench.end(of: job)
            let said = bench.said(by: job)
            #expect(said.count == 5)
            #expect(said.contains(#"{"event": "log", "data": {"message": "\#(String(repeating: "x", count: Limits.lineBytes))"}}"#))
            #expect(said.contains(#"{"event": "log", "data": {"message": "Line cut at 256 KiB: 5 bytes dropped", "level": "warning"}}"#))
            #expect(
                said.contains(
                    #"{"event": "log", "data": {"message": "Line cut at 256 KiB: 5 bytes dropped", "#
                        + #""stream": "stderr", "level": "warning"}}"#
                ))
        }

        @Test func `plain text is a result up to 1 MiB, cut on a character`() throws {
            let bench = try RunBench {
                $0.runner = RunBench.script("yes \(String(repeating: "é", count: 500)) | head -n 2000")
            }
            let job = bench.submit(bench.job())
            try bench.end(of: job)
            let result = try #require(bench.result(of: job))
            #expect(job.published.isTruncated)
            let text = try JSONDecoder().decode(String.self, from: Data(result.utf8))
            #expect(text.utf8.count <= Limits.plainTextBytes && text.utf8.count > Limits.plainTextBytes - 3)
            #expect(text.hasSuffix("é"))
        }

        @Test(arguments: [
            ("/nonexistent", "Cannot start the runner: /nonexistent isn't there any more"),
            ("/etc/passwd", "Cannot start the runner: /etc/passwd isn't executable. Run: chmod +x /etc/passwd"),
        ])
        func `a runner that cannot be started fails the run with the reason`(path: String, error: String) throws {
            let bench = try RunBench { $0.runner = [path] }
            let job = bench.submit(bench.job())
            #expect(try bench.end(of: job).error == error)
            #expect(try bench.leftovers() == [])
        }
    }
}
