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
    private var callers: [UInt64: Caller] = [:]
    private var continuations: [UInt64: Continuation] = [:]

    /// Keeps a request.
    ///
    /// - Returns: the number by which `resume` and `deliver` know it.
    func park(_ exchange: consuming Exchange) -> UInt64 {
        let caller = exchange.caller
        let ticket = exchange.park(in: replies).number
        callers[ticket] = caller
        return ticket
    }

    /// Says how a parked request goes on; in the same turn in which it was parked.
    func resume(_ ticket: UInt64, _ continuation: @escaping Continuation) {
        continuations[ticket] = continuation
    }

    /// Goes on with a parked request; nothing happens when its client has gone.
    func deliver(_ message: APIMailbox.Message) {
        guard let caller = callers.removeValue(forKey: message.ticket), let resume = continuations.removeValue(forKey: message.ticket),
            let reply = replies.take(Ticket(number: message.ticket))
        else { return }
        resume(message.arrival, Exchange(caller, reply))
    }
}
