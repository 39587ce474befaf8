import CProcess
import EventLoop
import Glibc
import Logging

/// The processes of one attempt: its program, which the guardian starts, and all that is below the attempt's keeper.
///
/// Ending: SIGTERM to all, after the grace SIGKILL, until nothing is left. Confined to the control loop.
@safe final class RunProcess {
    enum Event {
        /// The program could not be started: the system call that failed. `gone` follows.
        case failed(SystemError)
        /// The program has ended; others of the run may go on.
        case exited(ExitStatus)
        /// The first order to end is carried out. An exit that happened before was told before.
        case asked
        /// The guardian has died: the run's processes are being killed, and how the program ends won't be known. `gone` follows.
        case lost
        /// Nothing is left. The last event.
        case gone
    }

    let slot: UInt32
    /// Tells this start in the slot from others.
    let serial: UInt32
    private let jobID: String
    private let guardian: Guardian
    private let handler: (Event) -> Void
    private var timer: LoopTimer?
    private var phase = Phase.running
    /// When SIGTERM's grace is over.
    private var killAt: Monotonic?

    private enum Phase { case running, ending, killing, gone }

    /// Called by the guardian, which keeps it until it is gone.
    init(slot: UInt32, serial: UInt32, jobID: String, guardian: Guardian, handler: @escaping (Event) -> Void) throws(SystemError) {
        self.slot = slot
        self.serial = serial
        self.jobID = jobID
        self.guardian = guardian
        self.handler = handler
        timer = try LoopTimer(loop: guardian.loop) { [unowned self] in timeIsOver() }
    }

    var isGone: Bool { phase == .gone }

    /// Asks all of the run's processes to end, and kills what is left after `grace`. `gone` is told when none is left.
    func end(grace: Duration) {
        guard phase == .running else { return limit(grace: grace) }
        phase = .ending
        guardian.order(RS_GUARD_TERMINATE, self)
        killAt = guardian.loop.now + grace
        timer?.schedule(after: grace)
    }

    /// Shortens the grace of an end that is under way: none that is left is longer than `grace`.
    func limit(grace: Duration) {
        guard phase == .ending, let killAt, guardian.loop.now + grace < killAt else { return }
        self.killAt = guardian.loop.now + grace
        timer?.schedule(after: grace)
    }

    /// Kills all of the run's processes now.
    func kill() {
        guard phase == .running || phase == .ending else { return }
        phase = .killing
        guardian.order(RS_GUARD_KILL, self)
        timer?.schedule(after: Limits.killPatience)
    }

    private func timeIsOver() {
        guard phase == .killing else {
            guardian.logger.debug("killing what is left of a run", metadata: ["job_id": "\(jobID)"])
            return kill()
        }
        guardian.logger.warning(
            "A run's processes can't be killed. Its slot stays taken until they have ended.", metadata: ["job_id": "\(jobID)"])
    }

    /// What the guardian has heard of it.
    func heard(_ event: Event) { handler(event) }

    /// Nothing is left; `gone` is told next.
    func noteGone() {
        phase = .gone
        timer = nil
    }

    /// One of its processes may not be signalled, such as a setuid program.
    func refused(pid: pid_t, code: Int32) {
        guardian.logger.warning(
            "A process of a run can't be ended. The run's slot stays taken until it has ended by itself.",
            metadata: ["job_id": "\(jobID)", "pid": "\(pid)", "error": "\(SystemError("kill", code: code))"])
    }
}
