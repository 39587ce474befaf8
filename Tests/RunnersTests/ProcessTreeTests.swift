import Foundation
import Jobs
import Runners
import Testing

extension ProcessTests {
    /// Cancel, timeout and normal end leave no process of the run's tree alive.
    struct ProcessTreeTests {
        /// How a run comes to its end.
        enum End: CaseIterable, Sendable { case normal, cancel, timeout }

        /// Runners that leave something behind; each says `ready` when it has, and waits for its end unless it is to end by itself.
        static let stubborn: [(name: String, script: String)] = [
            ("one that ignores SIGTERM", "trap '' TERM; echo ready; $WAIT"),
            ("one whose child ignores SIGTERM", "(trap '' TERM; echo ready; sleep 1000) & $WAIT"),
            ("one whose grandchild holds stdout", "(sleep 1000 & echo ready; sleep 1000) & $WAIT"),
            ("one whose grandchild made its own session", "setsid sh -c 'echo ready; exec sleep 1000' & $WAIT"),
            (
                "one whose orphan made its own session and closed everything",
                "(setsid sh -c 'echo ready; exec sleep 1000 <&- >&- 2>&-' &); $WAIT"
            ),
            ("one whose orphan's child cleared its environment", "(setsid sh -c 'echo ready; env -i sleep 1000; true' &); $WAIT"),
            ("one whose orphan in its group cleared its environment", "(env -i sh -c 'echo ready; exec sleep 1000' &); $WAIT"),
            (
                "one whose orphan forks while it is ended",
                "(setsid sh -c 'trap \"sleep 1000 & sleep 1000\" TERM; echo ready; sleep 1000 & wait' &); $WAIT"
            ),
        ]

        @Test(arguments: End.allCases)
        func `nothing of a run is left, whatever it left behind`(end: End) throws {
            let waits = end == .normal ? "head -c 0" : "while :; do sleep 1000; done"
            let bench = try RunBench {
                let cases = Self.stubborn.enumerated().map { "\($0)) \($1.script.replacing("$WAIT", with: waits)) ;;" }
                $0.runner = RunBench.script("case $RUNSTREAM_SESSION_ID in \(cases.joined(separator: "\n")) esac")
            }
            let jobs = Self.stubborn.indices.map { bench.submit(bench.job(session: "\($0)", timeout: end == .timeout ? 1 : 60)) }
            for job in jobs { try bench.event("ready", of: job) }
            #expect(RunBench.processes(of: bench.instance).count > 4)
            for job in jobs where end == .cancel { bench.cancel(job) }
            for job in jobs {
                let ended = try bench.end(of: job)
                switch end {
                case .normal: #expect(ended.status == .succeeded)
                case .cancel: #expect(ended.status == .cancelled)
                case .timeout: #expect(ended.status == .failed && ended.error == "Timed out after 1 s")
                }
            }
            #expect(try bench.leftovers() == [])
            #expect(Self.zombies().isEmpty)
        }

        @Test func `a slot stays taken until the run's processes are gone`() throws {
            let bench = try RunBench {
                $0.maxConcurrent = 1
                $0.runner = RunBench.script(
                    "if [ $RUNSTREAM_SESSION_ID = first ]; then trap '' TERM; echo ready; while :; do sleep 1000; done; fi")
            }
            let first = bench.submit(bench.job(session: "first"))
            let second = bench.submit(bench.job(session: "second"))
            try bench.event("ready", of: first)
            bench.cancel(first)
            #expect(try bench.end(of: first).status == .cancelled, "at once for clients")
            #expect(second.published.snapshot.status == .queued && !RunBench.processes(of: bench.instance).isEmpty)
            try bench.wait("the second run's start") { second.published.snapshot.status != .queued }
            #expect(!RunBench.processes(of: bench.instance).contains { $0.contains("sleep") })
            #expect(try bench.end(of: second).status == .succeeded)
        }

        @Test func `a run ends 2 s after its leader when something still holds stdout, and what that wrote counts`() throws {
            let bench = try RunBench { $0.runner = RunBench.script("(echo held; exec sleep 1000) & echo ready") }
            let job = bench.submit(bench.job())
            let started = ContinuousClock.now
            #expect(try bench.end(of: job).status == .succeeded)
            #expect(ContinuousClock.now - started > .seconds(1.9))
            #expect(
                bench.said(by: job).sorted() == [
                    #"{"event": "log", "data": {"message": "held"}}"#, #"{"event": "log", "data": {"message": "ready"}}"#,
                ])
            #expect(try bench.leftovers() == [])
        }

        @Test func `a runner is asked before it is killed, and may use the grace`() throws {
            let bench = try RunBench {
                $0.killGrace = .seconds(20)
                $0.runner = RunBench.script(
                    "trap 'touch \(FileManager.default.temporaryDirectory.path)/$RUNSTREAM_JOB_ID; exit' TERM; "
                        + "echo ready; while :; do sleep 0.01; done"
                )
            }
            let job = bench.submit(bench.job())
            try bench.event("ready", of: job)
            bench.cancel(job)
            #expect(try bench.leftovers() == [])
            let trace = FileManager.default.temporaryDirectory.appending(path: "\(job.id)")
            #expect(FileManager.default.fileExists(atPath: trace.path))
            try? FileManager.default.removeItem(at: trace)
        }

        @Test func `what a cancelled run still writes is dropped`() throws {
            let bench = try RunBench {
                $0.killGrace = .seconds(20)
                $0.runner = RunBench.script(
                    "trap 'i=0; while [ $i -lt 20000 ]; do echo late; i=$((i+1)); done; exit' TERM; "
                        + "echo ready; while :; do sleep 0.01; done"
                )
            }
            let job = bench.submit(bench.job())
            try bench.event("ready", of: job)
            bench.cancel(job)
            #expect(try bench.leftovers() == [])
            #expect(!bench.events(of: job).contains { $0.contains("late") })
            #expect(bench.events(of: job).last == "[DONE]")
        }

        @Test func `orphans are reaped while their run goes on`() throws {
            let bench = try RunBench {
                $0.runner = RunBench.script(
                    "(setsid true &); (setsid sh -c 'echo orphan $$' &); echo ready; cat >/dev/null; "
                        + "while ! [ -e stop ]; do sleep 0.01; done"
                )
            }
            let job = bench.submit(bench.job())
            try bench.event("orphan", of: job)
            let marker = FileManager.default.enumerator(atPath: bench.directory.path + "/runs")?.first { "\($0)".hasSuffix("/work") }
            try Data().write(to: bench.directory.appending(path: "runs/\(try #require(marker))/stop"))
            try bench.end(of: job)
            #expect(try bench.leftovers() == [])
            #expect(Self.zombies().isEmpty)
        }

        @Test func `200 quick runs leave no zombie, no process and no descriptor`() throws {
            // What the process opens once and keeps is open by then.
            _ = try RunBench { $0.runner = ["/bin/true"] }.leftovers()
            let before = try descriptors()
            do {
                let bench = try RunBench { $0.runner = RunBench.script("echo hello; (setsid true &)") }
                let jobs = (0..<200).map { _ in bench.submit(bench.job()) }
                for job in jobs { #expect(try bench.end(of: job).status == .succeeded) }
                #expect(try bench.leftovers() == [])
                #expect(Self.zombies().isEmpty)
                #expect(try FileManager.default.contentsOfDirectory(atPath: bench.directory.path + "/runs") == [])
                #expect(bench.statistics.current.started == 200 && bench.statistics.current.succeeded == 200)
                #expect(bench.admission.busy == 0 && bench.admission.waiting == 0)
            }
            let after = try descriptors()
            // Less may be open: what an earlier test had.
            #expect(Set(after).subtracting(before) == [])
        }

        /// What is open, without the descriptors of /proc itself.
        private func descriptors() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
                try? "\($0): " + FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
            }.filter { !$0.contains("/proc/") }.sorted()
        }

        /// Dead children of this process that nobody has reaped.
        static func zombies() -> [String] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return names.filter { Int($0) != nil }.compactMap { name in
                guard let bytes = FileManager.default.contents(atPath: "/proc/\(name)/stat") else { return nil }
                let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
                guard fields.count > 1, fields[0] == "Z", Int32(fields[1]) == getpid() else { return nil }
                return "\(name)"
            }
        }
    }
}
