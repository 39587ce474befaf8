import CProcess
import Jobs

/// The process's own environment.
package enum ServerEnvironment {
    /// All variables, `NAME=value`. At start, while nobody changes them.
    package static func variables() -> [String] {
        guard var next = unsafe rs_environment() else { return [] }
        var variables: [String] = []
        while let text = unsafe next.pointee {
            unsafe variables.append(String(cString: text))
            unsafe next += 1
        }
        return variables
    }
}

/// A runner's environment: the server's, less its own settings, and the run's variables. Ready for a `StartPlan`.
struct RunnerEnvironment {
    private static let withheld = ["RUNSTREAM_", "PRAISONAI_JOBS_", "PWD=", "OLDPWD="]

    /// What all runs get, as bytes: each variable with a zero byte behind it.
    private(set) var bytes: [UInt8] = []
    /// How many variables there are.
    private(set) var count = 0

    /// What all runs get of the server's environment.
    init(server: [String]) {
        var kept = server.filter { variable in !Self.withheld.contains { variable.hasPrefix($0) } }
        // Python's `print` would otherwise reach viewers only at the end.
        if !kept.contains(where: { $0.hasPrefix("PYTHONUNBUFFERED=") }) { kept.append("PYTHONUNBUFFERED=1") }
        for variable in kept { append(variable) }
    }

    /// With the variables of one attempt.
    func with(identity: RunIdentity, spec: JobSpec, attempt: Int, directory: RunDirectory) -> RunnerEnvironment {
        var whole = self
        whole.append("PWD=\(directory.work)")
        whole.append(identity.jobVariable)
        // No environment can hold a NUL.
        whole.append("RUNSTREAM_SESSION_ID=\((spec.sessionID ?? "").filter { $0 != "\0" })")
        whole.append("RUNSTREAM_ATTEMPT=\(attempt)")
        whole.append("RUNSTREAM_RESULT_FILE=\(directory.result)")
        whole.append(identity.instanceVariable)
        return whole
    }

    private mutating func append(_ variable: String) {
        bytes.append(contentsOf: variable.utf8)
        bytes.append(0)
        count += 1
    }
}

/// The line that a runner reads from its stdin.
enum RunnerInput {
    static func line(spec: JobSpec, work: JobWork, attempt: Int) -> [UInt8] {
        var line = Array("{\"job_id\": \"\(spec.id)\"".utf8)
        func member(_ name: String, json value: [UInt8]) {
            line += Array(", \"\(name)\": ".utf8)
            line += value
        }
        func member(_ name: String, text: String?) {
            member(name, json: text.map { JSONText.string(Array($0.utf8)) } ?? Array("null".utf8))
        }
        func member(_ name: String, object: String?) { member(name, json: Array((object ?? "null").utf8)) }
        member("prompt", text: work.prompt)
        member("agent_file", text: work.agentFile)
        member("agent_yaml", text: work.agentYAML)
        member("recipe_name", text: work.recipeName)
        member("recipe_config", object: work.recipeConfig)
        member("framework", text: work.framework)
        member("config", object: work.config)
        member("session_id", text: spec.sessionID)
        member("timeout", object: String(spec.timeoutSeconds))
        member("attempt", object: String(attempt))
        member("created_at", text: spec.createdAt.iso8601)
        line += Array("}\n".utf8)
        return line
    }
}
