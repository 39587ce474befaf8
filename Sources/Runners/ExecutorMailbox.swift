import EventLoop
import Jobs

/// What other threads have to say to the executor: posted to the control loop. Any thread.
package final class ExecutorMailbox: JobStarter, StoreObserver, Sendable {
    enum Message: Sendable {
        case created([Job])
        case cancelled(JobID, attempt: Int?)
        case lost(JobID)
        case answered(UInt64)
        case resultRead(UInt64, ResultFile)
        case explained(UInt64, String)
    }

    private let inbox: Inbox<Message>

    init(_ inbox: Inbox<Message>) {
        self.inbox = inbox
    }

    /// New runs are committed: they get in line.
    package func jobsCreated(_ jobs: [Job]) { inbox.post(.created(jobs)) }

    /// A run isn't this server's any more: what it has in line or in processes is ended, and nothing is recorded.
    package func jobLost(_ id: JobID) { inbox.post(.lost(id)) }

    /// A run was cancelled (`Job.cancel`): what it has in line or in processes is ended.
    ///
    /// - Parameters:
    ///   - id: the run.
    ///   - attempt: the attempt that was running, as `CancelOutcome.cancelling` said; nil when none was.
    package func cancel(_ id: JobID, attempt: Int?) { inbox.post(.cancelled(id, attempt: attempt)) }

    package func storeAnswered(_ ticket: UInt64, _ answer: StoreAnswer) { inbox.post(.answered(ticket)) }

    func resultRead(_ ticket: UInt64, _ file: ResultFile) { inbox.post(.resultRead(ticket, file)) }
    func explained(_ ticket: UInt64, _ why: String) { inbox.post(.explained(ticket, why)) }
}
