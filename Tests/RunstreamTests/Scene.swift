import ClientTestSupport

/// What a server says about a run, for scripts.
enum Scene {
    static func event(_ id: Int, _ envelope: String) -> ScriptedServer.Step { .chunk("id: \(id)\ndata: \(envelope)\n\n") }

    static func log(_ message: String) -> String { #"{"event": "log", "data": {"message": "\#(message)"}}"# }

    static func end(_ status: String, from id: Int = 8) -> [ScriptedServer.Step] {
        let error = status == "failed" ? #", "error": "Exited with status 3""# : ""
        let complete = #"{"event": "complete", "data": {"status": "\#(status)", "job_id": "run_1"\#(error)}}"#
        return [event(id, complete), event(id + 1, "[DONE]"), .lastChunk]
    }

    static func result(_ status: String, _ result: String = "null", error: String = "null") -> ScriptedServer.Step {
        .answer("200 OK", #"{"job_id": "run_1", "status": "\#(status)", "result": \#(result), "error": \#(error)}"#)
    }

    static func problem(_ status: String, _ detail: String) -> ScriptedServer.Step {
        .answer(status, #"{"type": "about:blank", "detail": "\#(detail)"}"#, type: "application/problem+json")
    }

    static let accepted = ScriptedServer.Step.answer("202 Accepted", #"{"job_id": "run_1", "status": "queued"}"#)
    static let status = ScriptedServer.Step.answer(
        "200 OK", #"{"job_id": "run_1", "status": "running", "progress": {"percentage": 42}}"#)
}
