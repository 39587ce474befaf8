/// What a run's events so far add up to: everything about it that changes. A value; the store keeps one a run, committed together with the events that made it.
package struct JobSnapshot: Sendable, Equatable {
    package var status: JobStatus = .queued
    /// 0 before the first start.
    package var attempt = 0
    package var progress = JobProgress()
    package var startedAt: Timestamp?
    package var completedAt: Timestamp?
    /// Why the run failed, or why its last attempt did; nil otherwise.
    package var error: String?
    /// When a retry may start; nil when it is not waiting for one.
    package var nextAt: Timestamp?

    package init() {}
}

/// How far a run says it is. JSON tokens as the runner wrote them; nil: never said.
package struct JobProgress: Sendable, Equatable {
    /// A JSON number, 0...100; whole ones without a fraction.
    package var percentage: String = "0"
    /// A JSON value, as a rule a string.
    package var currentStep: String?
    /// A JSON value, as a rule a number.
    package var stepsCompleted: String?
    /// A JSON value, as a rule a number.
    package var stepsTotal: String?

    package init(percentage: String = "0", currentStep: String? = nil, stepsCompleted: String? = nil, stepsTotal: String? = nil) {
        self.percentage = percentage
        self.currentStep = currentStep
        self.stepsCompleted = stepsCompleted
        self.stepsTotal = stepsTotal
    }
}

/// A succeeded run's result, as JSON text.
package struct JobResult: Sendable, Equatable {
    /// A JSON value's text; `null` when there is none.
    package var json: [UInt8]
    /// Whether plain stdout text was cut at its limit.
    package var isTruncated: Bool

    package init(json: [UInt8], isTruncated: Bool = false) {
        self.json = json
        self.isTruncated = isTruncated
    }
}
