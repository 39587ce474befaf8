import CProcess
import EventLoop
import Glibc
import Logging

/// The server's side of the guardian (CProcess.h): the process that starts the runs' processes, and ends them when the server dies.
///
/// If the guardian dies, its runs are lost: what is left of them is killed, and another guardian is started. Confined to the control loop.
@safe final class Guardian {
    let loop: Loop
    let logger: Logger
    private let capacity: Int
    let notes: String
    private let reaper: Reaper
    private var link: GuardianLink?
    private var cleanup: Recovery?
    private var openedAt: Monotonic
    private var isStopped = false
    private var retry: LoopTimer?
    private var processes: [UInt32: RunProcess] = [:]
    private var freeSlots: [UInt32] = []
    private var slotsMade: UInt32 = 0
    private var lastSerial: UInt32 = 0
    /// In their order.
    private var unsent: [Order] = []

    /// An order that waits for room in the socket.
    private struct Order {
        let kind: rs_guard_order_kind
        let slot: UInt32
        let serial: UInt32
        let descriptors: StartDescriptors?
    }

    /// Starts the guardian process.
    ///
    /// - Parameters:
    ///   - capacity: how many attempts may have processes at a time.
    ///   - notes: the file in which the runs' programs are noted.
    ///   - reaper: knows the orphans that come to the server.
    ///   - loop: the control loop.
    ///   - logger: is told of its death.
    /// - Throws: the call that failed.
    init(capacity: Int, notes: String, reaper: Reaper, loop: Loop, logger: Logger) throws(SystemError) {
        self.capacity = capacity
        self.notes = notes
        self.reaper = reaper
        self.loop = loop
        self.logger = logger
        openedAt = loop.now
        try open()
    }

    /// Ends the guardian, and with it all that still runs.
    func stop() {
        isStopped = true
        link = nil
        retry = nil
    }

    private func open() throws(SystemError) {
        openedAt = loop.now
        link = try GuardianLink(
            capacity: capacity, notes: notes, loop: loop, onReport: { [unowned self] in take($0) },
            onRoom: { [unowned self] in sendUnsent() },
            onDeath: { [unowned self] in died() })
    }

    // MARK: Orders

    /// Has a program started.
    ///
    /// - Parameters:
    ///   - plan: what to start.
    ///   - input: becomes its stdin.
    ///   - output: becomes its stdout.
    ///   - errors: becomes its stderr.
    ///   - handler: called on the loop with what becomes of it, from the next turn on.
    /// - Returns: the run's processes.
    /// - Throws: the call that failed; nothing was started then.
    func start(
        _ plan: StartPlan, input: consuming OwnedFD, output: consuming OwnedFD, errors: consuming OwnedFD,
        handler: @escaping (RunProcess.Event) -> Void
    ) throws(SystemError) -> RunProcess {
        let descriptors = StartDescriptors(plan: try plan.file(), input: input, output: output, errors: errors)
        let slot = freeSlots.popLast() ?? slotsMade
        guard slot < capacity else { throw SystemError("fork", code: EAGAIN) }
        let process: RunProcess
        do {
            process = try RunProcess(slot: slot, serial: lastSerial &+ 1, jobID: plan.jobID, guardian: self, handler: handler)
        } catch {
            if slot < slotsMade { freeSlots.append(slot) }
            throw error
        }
        slotsMade = max(slotsMade, slot + 1)
        lastSerial &+= 1
        processes[slot] = process
        send(Order(kind: RS_GUARD_START, slot: slot, serial: process.serial, descriptors: descriptors))
        return process
    }

    /// Has a run's processes signalled.
    func order(_ kind: rs_guard_order_kind, _ process: RunProcess) {
        guard processes[process.slot] === process else { return }
        send(Order(kind: kind, slot: process.slot, serial: process.serial, descriptors: nil))
    }

    private func send(_ order: Order) {
        unsent.append(order)
        if unsent.count == 1 { sendUnsent() }
    }

    private func sendUnsent() {
        guard let link else { return }
        var sent = 0
        for order in unsent {
            guard link.send(order.kind, slot: order.slot, serial: order.serial, order.descriptors) else { break }
            sent += 1
        }
        unsent.removeFirst(sent)
        link.waitsForRoom = !unsent.isEmpty
    }

    // MARK: Reports

    private func take(_ report: rs_guard_report) {
        guard let process = processes[report.slot], process.serial == report.serial else { return }
        switch rs_guard_event(rawValue: report.kind) {
        case RS_GUARD_FAILED: process.heard(.failed(SystemError(Self.call(report), code: report.code)))
        case RS_GUARD_EXITED: process.heard(.exited(Self.exit(report)))
        case RS_GUARD_EXITED_GONE:
            release(process)
            process.heard(.exited(Self.exit(report)))
            process.heard(.gone)
        case RS_GUARD_ASKED: process.heard(.asked)
        case RS_GUARD_REFUSED: process.refused(pid: report.pid, code: report.code)
        case RS_GUARD_GONE: gone(process)
        default: break
        }
    }

    private func gone(_ process: RunProcess) {
        release(process)
        process.heard(.gone)
    }

    /// Before anybody is told, who may start the next one.
    private func release(_ process: RunProcess) {
        processes[process.slot] = nil
        freeSlots.append(process.slot)
        process.noteGone()
    }

    private static func exit(_ report: rs_guard_report) -> ExitStatus {
        report.signal == 0 ? .exited(report.code) : .killed(signal: report.signal)
    }

    private static func call(_ report: rs_guard_report) -> String {
        unsafe withUnsafeBytes(of: report.call) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    // MARK: Its death

    private func died() {
        link = nil
        // Starts that were not sent yet are the next guardian's.
        unsent.removeAll { $0.kind != RS_GUARD_START }
        let waiting = Set(unsent.map(\.slot))
        let lost = processes.values.filter { !waiting.contains($0.slot) }
        logger.error(
            "The process that keeps the runs was killed. Its runs are ended, and another one is started.",
            metadata: ["runs": "\(lost.count)"])
        for process in lost { process.heard(.lost) }
        do {
            // Its keepers kill their runs by themselves; what they leave, and what killed ones have left, comes to this process.
            let cleanup = try Recovery(loop: loop, logger: logger) { [reaper] in ProcessTable.below(reaper.orphans()) }
            self.cleanup = cleanup
            try cleanup.run(grace: .zero) { [unowned self] in cleanedUp(lost) }
        } catch {
            logger.error("processes of lost runs can't be looked for", metadata: ["error": "\(error)"])
            cleanedUp(lost)
        }
    }

    private func cleanedUp(_ lost: [RunProcess]) {
        cleanup = nil
        // One that dies at once would do so again.
        if loop.now - openedAt < Limits.guardianPause { reopenLater() } else { reopen() }
        for process in lost where processes[process.slot] === process { gone(process) }
    }

    /// Runs whose time has come wait for it.
    private func reopen() {
        guard !isStopped else { return }
        do {
            try open()
            sendUnsent()
        } catch {
            logger.critical("No process can be started that keeps the runs; trying again", metadata: ["error": "\(error)"])
            reopenLater()
        }
    }

    private func reopenLater() {
        if retry == nil { retry = try? LoopTimer(loop: loop) { [unowned self] in reopen() } }
        retry?.schedule(after: Limits.guardianPause)
    }
}
