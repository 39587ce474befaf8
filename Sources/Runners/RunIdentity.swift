import Jobs

/// By what a run's processes are known, even in a session of their own: two variables in their environment.
struct RunIdentity: Sendable {
    let jobID: JobID
    /// This server's own id, kept with its database.
    let instance: String

    var jobVariable: String { "RUNSTREAM_JOB_ID=\(jobID)" }
    var instanceVariable: String { Self.variable(instance: instance) }

    static func variable(instance: String) -> String { "RUNSTREAM_INSTANCE=\(instance)" }
}
