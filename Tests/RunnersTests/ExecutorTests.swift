import Foundation
import Jobs
import Runners
import Testing

extension ProcessTests {
    struct ExecutorTests {
        @Test func `runs start in their order, as many at a time as there are slots`() throws {
            let bench = try RunBench {
                $0.maxConcurrent = 2
                let wait = "while ! [ -e \($0.attemptsDirectory)/../go ]; do sleep 0.01; done"
                $0.runner = RunBench.script("trap 'exit 0' TERM; echo ready; \(wait)")
            }
            let jobs = (0..<5).map { _ in bench.submit(bench.job()) }
            try bench.event("ready", of: jobs[0])
            try bench.event("ready", of: jobs[1])
            #expect(bench.statistics.current.running == 2 && bench.statistics.current.queued == 3)
            #expect(bench.admission.busy == 2 && bench.admission.waiting == 3)
            #expect(jobs[2...].allSatisfy { $0.published.snapshot.status == .queued })
            try Data().write(to: bench.directory.appending(path: "go"))
            for job in jobs { #expect(try bench.end(of: job).status == .succeeded) }
            let starts = jobs.compactMap(\.published.snapshot.startedAt)
            #expect(starts == starts.sorted() && starts.count == 5)
            #expect(try bench.leftovers() == [])
            #expect(bench.admission.busy == 0 && bench.admission.waiting == 0)
            #expect(bench.statistics.current.completed == 5)
        }

        @Test func `with no slots runs are accepted and none is started`() throws {
            let bench = try RunBench {
                $0.maxConcurrent = 0
                $0.runner = ["/bin/true"]
            }
            let job = bench.submit(bench.job())
            #expect(try bench.leftovers() == [])
            #expect(job.published.snapshot.status == .queued && bench.admission.waiting == 1 && bench.statistics.current.started == 0)
        }

        @Test func `a run is started only after its start is committed`() throws {
            let bench = try RunBench { $0.runner = RunBench.script("echo hello") }
            let first = bench.submit(bench.job())
            try bench.end(of: first)
            bench.store.hold()
            let held = bench.submit(bench.job())
            let job = bench.submit(bench.job())
            bench.store.release(job)
            #expect(bench.statistics.current.started == 1, "both starts wait for their commits")
            bench.store.release()
            try bench.end(of: held)
            try bench.end(of: job)
            #expect(bench.events(of: job).firstIndex { $0.contains("Initializing") } == 1)
        }

        @Test func `a failed run is retried, beginning anew, until it succeeds`() throws {
            let bench = try RunBench {
                $0.runner = RunBench.script(
                    """
                    echo '{"event":"progress","percentage":40}'
                    echo "text $RUNSTREAM_ATTEMPT"
                    if [ $RUNSTREAM_ATTEMPT = 1 ]; then
                        echo boom >&2
                        echo '{"event":"result","data":1}'
                        echo 1 > $RUNSTREAM_RESULT_FILE
                        exit 1
                    fi
                    echo '{"event":"progress","current_step":"no percentage"}'
                    """)
            }
            let job = bench.submit(bench.job(attempts: 3))
            let end = try bench.end(of: job)
            #expect(end.status == .succeeded && end.attempt == 2 && end.error == nil)
            #expect(bench.result(of: job) == #""text 2""#, "nothing of the first attempt is left")
            let events = bench.events(of: job)
            #expect(
                events.contains {
                    $0.hasPrefix(#"{"event": "retry", "data": {"attempt": 1, "max_attempts": 3, "reason": "failed", "error": "boom""#)
                })
            #expect(events.contains(#"{"event": "progress", "data": {"percentage": 40, "current_step": "no percentage"}}"#))
            #expect(events.filter { $0.contains("\"complete\"") }.count == 1)
        }

        @Test func `a timed out run is retried once its processes are gone`() throws {
            let bench = try RunBench {
                $0.killGrace = .milliseconds(1500)
                $0.runner = RunBench.script(
                    "[ $RUNSTREAM_ATTEMPT = 2 ] && exec pgrep -fc $RUNSTREAM_JOB_ID-marker; trap '' TERM; "
                        + "exec sh -c 'trap \"\" TERM; sleep 1000; : '$RUNSTREAM_JOB_ID-marker"
                )
            }
            let job = bench.submit(bench.job(timeout: 1, attempts: 2))
            let end = try bench.end(of: job)
            // pgrep finds nothing: it says 0 and exits 1.
            #expect(end.attempt == 2 && bench.said(by: job).contains(#"{"event": "log", "data": {"message": "0"}}"#))
            #expect(bench.events(of: job).contains { $0.contains(#""reason": "timeout", "error": "Timed out after 1 s""#) })
        }

        @Test func `a run cancelled in line never starts, and leaves it`() throws {
            let bench = try RunBench {
                $0.maxConcurrent = 1
                $0.runner = RunBench.script("echo ready; while :; do sleep 1000; done")
            }
            let first = bench.submit(bench.job())
            let second = bench.submit(bench.job())
            try bench.event("ready", of: first)
            bench.cancel(second)
            bench.cancel(first)
            #expect(try bench.leftovers() == [])
            #expect(second.published.snapshot.status == .cancelled && second.published.snapshot.attempt == 0)
            #expect(bench.statistics.current.started == 1 && bench.statistics.current.cancelled == 2)
            #expect(bench.admission.busy == 0 && bench.admission.waiting == 0)
        }

        @Test func `a run cancelled while it waits for a retry never comes back`() throws {
            let bench = try RunBench { $0.runner = RunBench.script("exit 1") }
            let job = bench.submit(bench.job(attempts: 20))
            try bench.wait("the retry") { job.published.snapshot.nextAt != nil }
            bench.cancel(job)
            let other = bench.submit(bench.job(attempts: 3))
            try bench.end(of: other)
            #expect(job.published.snapshot.status == .cancelled && job.published.snapshot.attempt == 1)
            #expect(bench.statistics.current.started == 4)
        }

        @Test func `a recipe runs, also one that was just put there`() throws {
            let recipes = FileManager.default.temporaryDirectory.appending(path: "recipes-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: recipes, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: recipes) }
            let book = try RecipeBook(directory: recipes.path)
            let bench = try RunBench { $0.recipes = book }
            let missing = bench.submit(bench.job(recipe: "hello"))
            #expect(try bench.end(of: missing).error == "Cannot start the runner: there is no recipe `hello`: \(recipes.path) is empty")
            let file = recipes.appending(path: "hello")
            try "#!/bin/sh\necho \"hello from $0\"\n".write(to: file, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
            let job = bench.submit(bench.job(recipe: "hello"))
            #expect(try bench.end(of: job).status == .succeeded)
            #expect(bench.result(of: job)?.contains("/hello") == true)
            let none = bench.submit(bench.job())
            #expect(try bench.end(of: none).error == "Cannot start the runner: no --runner is set")
        }

        // MARK: Shutdown

        @Test func `a drain lets runs finish, and starts none`() throws {
            let bench = try RunBench {
                $0.maxConcurrent = 1
                $0.drainGrace = .seconds(30)
                $0.runner = RunBench.script("echo ready; while ! [ -e \($0.attemptsDirectory)/../go ]; do sleep 0.01; done; echo finished")
            }
            let running = bench.submit(bench.job())
            let waiting = bench.submit(bench.job())
            try bench.event("ready", of: running)
            bench.drain()
            try Data().write(to: bench.directory.appending(path: "go"))
            try bench.waitUntilDrained()
            #expect(running.published.snapshot.status == .succeeded && bench.events(of: running).contains { $0.contains("finished") })
            #expect(waiting.published.snapshot.status == .queued)
        }

        @Test(arguments: [(1, JobStatus.failed), (2, .queued)])
        func `what still runs when the drain grace is over is ended and recorded as a crash`(attempts: Int, status: JobStatus) throws {
            let bench = try RunBench {
                $0.killGrace = .milliseconds(200)
                $0.drainGrace = .milliseconds(600)
                $0.runner = RunBench.script("trap '' TERM; echo ready; while :; do sleep 1000; done")
            }
            let job = bench.submit(bench.job(attempts: attempts))
            try bench.event("ready", of: job)
            let started = ContinuousClock.now
            #expect(try bench.leftovers() == [])
            let took = ContinuousClock.now - started
            #expect(took > .milliseconds(550) && took < .milliseconds(1600))
            #expect(job.published.snapshot.status == status && job.published.snapshot.error == "Interrupted by a server restart")
        }

        @Test func `an attempt that has exited by itself is not recorded as a crash though something holds its stdout`() throws {
            let bench = try RunBench {
                $0.killGrace = .milliseconds(100)
                $0.drainGrace = .milliseconds(700)
                $0.runner = RunBench.script("echo ready; sleep 1000 & exit 0")
            }
            let job = bench.submit(bench.job())
            try bench.event("ready", of: job)
            #expect(try bench.leftovers() == [])
            #expect(job.published.snapshot.status == .succeeded)
        }

        @Test func `an attempt that has exited in time is not recorded as timed out`() throws {
            let bench = try RunBench { $0.runner = RunBench.script("sleep 1000 & exit 0") }
            let job = bench.submit(bench.job(timeout: 1))
            #expect(try bench.end(of: job).status == .succeeded)
            #expect(try bench.leftovers() == [])
        }

        @Test func `a second SIGTERM hurries`() throws {
            let bench = try RunBench {
                $0.killGrace = .seconds(20)
                $0.drainGrace = .seconds(25)
                $0.runner = RunBench.script("trap '' TERM; echo ready; while :; do sleep 1000; done")
            }
            let job = bench.submit(bench.job())
            try bench.event("ready", of: job)
            bench.drain()
            bench.hurry()
            try bench.waitUntilDrained()
            #expect(job.published.snapshot.status == .failed)
            #expect(RunBench.processes(of: bench.instance) == [])
        }

        // MARK: Recovery

        @Test func `what an earlier server left is ended before anything starts, and its runs are taken up`() throws {
            let instance = "0123456789abcdef"
            let leftover = Foundation.Process()
            leftover.executableURL = URL(filePath: "/bin/sh")
            leftover.arguments = ["-c", "trap '' TERM; setsid env -i sleep 1000 & echo ready; while :; do sleep 1000; done"]
            leftover.environment = ["PATH": "/usr/bin:/bin", "RUNSTREAM_INSTANCE": instance, "RUNSTREAM_JOB_ID": "run_000000000000"]
            let output = Foundation.Pipe()
            leftover.standardOutput = output
            try leftover.run()
            #expect(output.fileHandleForReading.availableData == Data("ready\n".utf8))
            // The second of them cleared its environment; where recovery fails, nobody else would end it.
            let old = RunBench.tree(of: leftover.processIdentifier)
            defer { for pid in old { kill(pid, SIGKILL) } }
            #expect(old.count >= 2)

            let bench = try RunBench(instance: instance) { $0.runner = RunBench.script("pgrep -fc '[t]rap .. TERM; setsid env' || true") }
            // Runs as a store would give them back: one that never started, one that was running, one that waits for its retry.
            let queued = bench.job()
            bench.store.enqueue(queued)
            let interrupted = bench.job(attempts: 1)
            bench.store.enqueue(interrupted)
            let retried = bench.job(attempts: 2)
            bench.store.enqueue(retried)
            for job in [interrupted, retried] { _ = job.start(now: RunBench.now(), waiter: StoreWaiter(observer: bench.store, ticket: 0)) }
            let waiting = bench.job(attempts: 2)
            bench.store.enqueue(waiting)
            _ = waiting.start(now: RunBench.now(), waiter: StoreWaiter(observer: bench.store, ticket: 0))
            _ = waiting.finish(attempt: 1, .failed(error: "boom"), now: RunBench.now(), random: 0)
            // And one that comes in meanwhile.
            let new = bench.submit(bench.job())
            try FileManager.default.createDirectory(
                atPath: bench.directory.path + "/runs/run_0123456789ab-1-ff/work", withIntermediateDirectories: true)
            // Not a name that an attempt has: somebody else's, and so never removed.
            try FileManager.default.createDirectory(
                atPath: bench.directory.path + "/runs/train1", withIntermediateDirectories: true)

            bench.recover([queued, interrupted, retried, waiting])
            let end = try bench.end(of: interrupted)
            #expect(end.status == .failed && end.error == "Interrupted by a server restart")
            for job in [queued, retried, waiting, new] {
                #expect(try bench.end(of: job).status == .succeeded)
                #expect(bench.said(by: job).contains { $0.contains(#""message": "0""#) }, "the old process was gone before")
            }
            #expect(bench.events(of: retried).contains { $0.contains(#""reason": "crash""#) })
            #expect(old.allSatisfy { !RunBench.isAlive($0) })
            let starts = [queued, new].compactMap(\.published.snapshot.startedAt)
            #expect(starts == starts.sorted(), "recovered runs come before new ones")
            #expect(try bench.leftovers() == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.directory.path + "/runs") == ["train1"])
            #expect(bench.admission.waiting == 0)
        }

        // MARK: Back-pressure

        @Test(arguments: ["yes '{\"event\":\"log\",\"data\":\"as fast as it can\"}'", "yes 'as fast as it can' >&2"])
        func `a runner that writes as fast as it can is held back while nothing is committed`(script: String) throws {
            let bench = try RunBench {
                $0.runner = RunBench.script(
                    """
                    echo ready
                    while ! [ -e \($0.attemptsDirectory)/../go ]; do sleep 0.01; done
                    (\(script)) &
                    while ! [ -e \($0.attemptsDirectory)/../spin ]; do sleep 0.01; done
                    yes | head -c 30000000 >/dev/null
                    echo > \($0.attemptsDirectory)/../spun
                    wait
                    """)
            }
            let job = bench.submit(bench.job())
            try bench.event("ready", of: job)
            bench.store.hold()
            try Data().write(to: bench.directory.appending(path: "go"))
            try #require(Self.spin { job.unpublishedBytes > Limits.unpublishedBytes })
            // The shell writes 30 MB elsewhere meanwhile; the runner could have as well.
            try Data().write(to: bench.directory.appending(path: "spin"))
            try #require(Self.spin { FileManager.default.fileExists(atPath: bench.directory.path + "/spun") })
            #expect(job.unpublishedBytes < Limits.unpublishedBytes + 16 * Limits.readBytes)
            let head = job.log.view().head
            bench.store.release()
            try bench.wait("more output") { job.log.view().head > head + 4 * Limits.unpublishedBytes }
            bench.cancel(job)
            #expect(try bench.leftovers() == [])
        }

        /// Waits for what no commit tells.
        static func spin(until condition: () -> Bool) -> Bool {
            let deadline = ContinuousClock.now + .seconds(20)
            while !condition() {
                guard ContinuousClock.now < deadline else { return false }
                sched_yield()
            }
            return true
        }

        @Test func `what a run wrote before its end is all there, however slow the store is`() throws {
            let bench = try RunBench { $0.runner = RunBench.script("seq 1 60000; sleep 1000 & exit 0") }
            let job = bench.job()
            bench.submit(job)
            try bench.event("Initializing", of: job)
            bench.store.hold()
            let release = Thread {
                for _ in 0..<50 { bench.store.release(); bench.store.hold(); sched_yield() }; bench.store.release()
            }
            release.start()
            try bench.end(of: job)
            let said = bench.said(by: job)
            #expect(said.count == 60000 && said.last == #"{"event": "log", "data": {"message": "60000"}}"#)
            #expect(try bench.leftovers() == [])
        }
    }
}
