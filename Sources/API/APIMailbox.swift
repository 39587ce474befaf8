import EventLoop
import HTTP
import Jobs
import Storage

/// Brings the store's answers to the loop whose request asked. Any thread posts; the loop takes.
final class APIMailbox: StoreObserver, Sendable {
    private let inbox: Inbox<Message>

    struct Message: Sendable {
        let ticket: UInt64
        let arrival: Arrival
    }

    init(loop: Loop, deliver: @escaping (Message) -> Void) throws(SystemError) {
        inbox = try Inbox(loop: loop, handler: deliver)
    }

    func storeAnswered(_ ticket: UInt64, _ answer: StoreAnswer) {
        inbox.post(Message(ticket: ticket, arrival: .store(answer)))
    }

    fileprivate func framesArrived(_ ticket: UInt64, _ page: LogPage?) {
        inbox.post(Message(ticket: ticket, arrival: .frames(page)))
    }
}

/// What a parked request has waited for.
enum Arrival: Sendable {
    case store(StoreAnswer)
    /// A page of a log; nil when there is none any more, or it could not be read.
    case frames(LogPage?)
}

/// A parked request that waits for a page of a log.
final class FramesWaiter: FramesObserver {
    private let mailbox: APIMailbox
    private let ticket: UInt64

    init(mailbox: APIMailbox, ticket: UInt64) {
        self.mailbox = mailbox
        self.ticket = ticket
    }

    func framesArrived(_ request: LogAddress, _ frames: LogPage?) {
        mailbox.framesArrived(ticket, frames)
    }
}

/// A loop's requests that wait for the store. Confined to the loop; bounded by its connections.
final class ParkingLot {
    /// What to do with the answer.
    typealias Continuation = (Arrival, consuming Exchange) -> Void

    private let replies = ParkedReplies()
    private var waiting: [UInt64: (caller: Caller, resume: Continuation)] = [:]

    init() {
        // An answer that never comes must not keep what waits for it.
        replies.onDropped = { [weak self] ticket in self?.waiting[ticket.number] = nil }
    }

    /// A request that was parked, before it is said how it goes on.
    struct Parked {
        /// By which `deliver` knows it.
        let ticket: UInt64
        fileprivate let caller: Caller
    }

    /// Keeps a request's reply.
    func park(_ exchange: consuming Exchange) -> Parked {
        let caller = exchange.caller
        return Parked(ticket: exchange.park(in: replies).number, caller: caller)
    }

    /// Says how a parked request goes on; in the same turn in which it was parked.
    func resume(_ parked: Parked, _ continuation: @escaping Continuation) {
        waiting[parked.ticket] = (parked.caller, continuation)
    }

    /// Goes on with a parked request; nothing happens when its client has gone.
    func deliver(_ message: APIMailbox.Message) {
        guard let (caller, resume) = waiting.removeValue(forKey: message.ticket), let reply = replies.take(Ticket(number: message.ticket))
        else { return }
        resume(message.arrival, Exchange(caller, reply))
    }
}
