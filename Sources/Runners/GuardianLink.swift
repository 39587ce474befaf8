import CProcess
import EventLoop
import Glibc

/// A guardian process, and the server's end of its socket. Confined to the control loop.
@safe final class GuardianLink {
    let pid: pid_t
    private let socket: OwnedFD
    private let onReport: (rs_guard_report) -> Void
    private var reports: FDWatch?
    private var room: FDWatch?
    private var death: ChildWatch?

    /// Whether `onRoom` is to be called when the socket takes more orders.
    var waitsForRoom = false {
        didSet { if waitsForRoom { room?.enable() } else { room?.disable() } }
    }

    /// Starts the process, which notes the runs' programs in the file `notes`. The handlers are called on the loop, and may drop the link.
    init(
        capacity: Int, notes: String, loop: Loop, onReport: @escaping (rs_guard_report) -> Void, onRoom: @escaping () -> Void,
        onDeath: @escaping () -> Void
    ) throws(SystemError) {
        var number: Int32 = -1
        var pid: pid_t = 0
        let opened = unsafe open(notes, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw SystemError("open \(notes)") }
        let code = unsafe rs_start_guardian(UInt32(clamping: capacity), opened, &pid, &number)
        close(opened)
        guard code == 0 else { throw SystemError("fork", code: code) }
        self.pid = pid
        self.onReport = onReport
        socket = OwnedFD(number)
        reports = try FDWatch(loop: loop, fd: number, events: .read) { [unowned self] _ in takeReports() }
        room = try FDWatch(loop: loop, fd: number, events: .write) { _ in onRoom() }
        room?.disable()
        death = try ChildWatch(loop: loop, pid: pid) { [unowned self] in
            // What it and its keepers have told before counts.
            takeReports()
            onDeath()
        }
    }

    /// Closes the socket, upon which the guardian kills what is left and ends; waits for that.
    deinit {
        reports = nil
        room = nil
        death = nil
        shutdown(socket.number, Int32(SHUT_RDWR))
        while waitpid(pid, nil, 0) < 0, errno == EINTR {}
    }

    /// - Returns: false if there is no room now, or nobody to take it.
    func send(_ kind: rs_guard_order_kind, slot: UInt32, serial: UInt32, _ descriptors: StartDescriptors?) -> Bool {
        var order = rs_guard_order(kind: kind.rawValue, slot: slot, serial: serial)
        guard let descriptors else { return unsafe rs_send_order(socket.number, &order, nil) == 0 }
        return unsafe rs_send_order(socket.number, &order, descriptors.numbers) == 0
    }

    private func takeReports() {
        var report = rs_guard_report()
        while true {
            switch unsafe rs_take_report(socket.number, &report) {
            case 1: onReport(report)
            case 0: return
            default:
                reports?.disable()
                return
            }
        }
    }
}
