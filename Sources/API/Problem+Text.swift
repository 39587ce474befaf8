/// The words: a `detail` is something a person can act on.
extension Problem {
    /// RFC 9457: with the type `about:blank` the title is the status's own phrase.
    var title: String {
        switch code {
        case .badRequest: "Bad Request"
        case .unauthorized: "Unauthorized"
        case .forbidden: "Forbidden"
        case .notFound: "Not Found"
        case .methodNotAllowed: "Method Not Allowed"
        case .notAcceptable: "Not Acceptable"
        case .conflict: "Conflict"
        case .requestTimeout: "Request Timeout"
        case .expectationFailed: "Expectation Failed"
        case .notImplemented: "Not Implemented"
        case .contentTooLarge: "Content Too Large"
        case .unsupportedMediaType: "Unsupported Media Type"
        case .misdirected: "Misdirected Request"
        case .unprocessable: "Unprocessable Content"
        case .headTooLarge: "Request Header Fields Too Large"
        case .internalError: "Internal Server Error"
        case .unavailable: "Service Unavailable"
        }
    }

    /// What went wrong and what to do about it, for a person.
    package var detail: String {
        switch self {
        case .malformedHead(let fault): "The request's head is malformed. \(fault)"
        case .malformedJSON(let error): error.detail
        case .unknownStatus(let status):
            "Unknown status: \(status.clipped). Use queued, running, succeeded, failed or cancelled (pending is queued)."
        case .unknownFrom(let from): "Unknown value of from: \(from.clipped). Use start or now."
        case .agentFile(let problem): problem.detail
        case .alreadyCompleted(let id, let status):
            "Job already completed: \(id) \(status.name). Fetch its result, or replay the stream with ?from=start."
        case .unauthorized(let problem): problem.detail
        case .foreignOrigin(let origin):
            "Pages of the origin \(origin.isEmpty ? "(empty)" : origin.clipped) may not change anything here. "
                + "Add it to --cors-origins to allow it."
        case .noRoute: "There is nothing at this path. The calls are listed in /openapi.json."
        case .noJob(let id): "Job not found: \(id.clipped)"
        case .wrongMethod(let allow): "This path takes only \(allow.joined(separator: ", "))."
        case .notAcceptable(let offers): "The Accept header allows none of the types of this answer: \(offers.joined(separator: ", "))."
        case .notFinished(let id, let status, .result): "Job \(id) is \(status.name): it has no result yet."
        case .notFinished(let id, let status, .delete): "Job \(id) is \(status.name): cancel it first, or wait until it has ended."
        case .alreadyEnded(let id, let status): "Job \(id) has already ended: it is \(status.name)."
        case .requestTimeout: "The request took too long to arrive (--request-timeout)."
        case .unknownExpectation: "The Expect header may only be 100-continue."
        case .notImplemented(let what): what
        case .bodyTooLarge(let limit): "The body is larger than \(limit) bytes (--max-body)."
        case .notJSON(let type):
            "Send the body as Content-Type: application/json\(type.map { ", not \($0.clipped)" } ?? "; there was no Content-Type")."
        case .misdirected(let host):
            "This server is not called \(host.isEmpty ? "(nothing)" : host.clipped). "
                + "Use its IP address or localhost, add the name to --allowed-hosts, or set an API key."
        case .invalid(let problems):
            problems.count == 1
                ? problems[0].sentence : "\(problems.count) members are invalid: " + problems.map(\.sentence).joined(separator: " ")
        case .headTooLarge(let limit): "The request's head is larger than \(limit) bytes (--max-header)."
        case .queueFull: "The queue is full (--max-queued). Nothing was kept: submit again later."
        case .draining: "The server is shutting down. Nothing was kept: submit again later."
        case .storeUnavailable: "The database cannot be written or read at the moment. Nothing was changed: try again later."
        case .busy: "The server has as many connections or streams as it takes. Try again later."
        case .noAnswerInTime: "The database did not answer in time. A change may have been made all the same: look before you repeat it."
        case .notReady(.draining): "The server is shutting down."
        case .notReady(.loop(let name)): "The thread \(name) has been busy with one thing for too long; the log says with what."
        case .notReady(.store): "The database cannot be written at the moment."
        case .internalError: "The server made a mistake. Its log says more."
        }
    }
}

extension JSONError {
    var detail: String {
        switch self {
        case .empty: "The body is empty: send a JSON object."
        case .notUTF8: "The body is not UTF-8."
        case .unexpected(let offset): "The body is not JSON: unexpected character at byte \(offset)."
        case .unfinished: "The body is not JSON: it ends too early."
        case .tooDeep: "The body is nested deeper than \(JSONDocument.depthLimit) levels."
        case .loneSurrogate(let offset): "The body has a lone surrogate, which is no character, at byte \(offset)."
        }
    }
}

extension AgentFileProblem {
    var detail: String {
        switch self {
        case .noRoot: "agent_file is refused: this server has no --agent-root. Send the definition itself as agent_yaml."
        case .notFound(let path): "agent_file isn't a file under --agent-root: \(path.clipped)"
        }
    }
}

extension CredentialProblem {
    var detail: String {
        switch self {
        case .noKey: "This call needs the API key, as Authorization: Bearer KEY or X-API-Key: KEY."
        case .wrongKey: "The API key is wrong."
        case .tokenExpired: "The token has expired. Ask for a new one with POST on the run's /token."
        case .tokenInvalid: "The token does not open this call. A token opens the GETs of its own run, until the API key changes."
        }
    }
}

extension FieldProblem {
    /// What is wrong, as a predicate of the member.
    var detail: String {
        switch reason {
        case .notAnObject: "must be a JSON object"
        case .required: "is required"
        case .blank: "must not be blank"
        case .containsNUL: "must not contain NUL"
        case .mustBeString: "must be a string"
        case .notUTF8: "must be UTF-8"
        case .mustBeObject: "must be an object"
        case .mustBeInteger: "must be an integer"
        case .outside(let range, let zeroMeansDefault):
            "must be \(range.lowerBound)...\(range.upperBound)" + (zeroMeansDefault ? ", or 0 for the default" : "")
        case .tooLong(let limit): "must not be longer than \(limit) bytes"
        case .notOneOf(let words): "must be one of \(words.joined(separator: ", "))"
        case .malformedKey: "isn't a string as in RFC 8941: the quotes or escapes of the Idempotency-Key header are wrong"
        case .sessionRequired: "is required with the idempotency_scope session"
        case .notAWebURL: "must be an http or https URL with a host"
        case .unknownRecipe(let name, let known):
            "isn't a recipe of this server: \(name.clipped). It has \(known.joined(separator: ", "))"
        case .noRecipes(let name, let problem):
            "isn't a recipe of this server: \(name.clipped). It has none: \(problem ?? "--recipes isn't set")"
        case .recipeNotExecutable(let name):
            "isn't a recipe, because the file isn't executable. On the server, run: chmod +x \(name.clipped)"
        case .noRunner: "is required, because this server has no runner for runs without a recipe (--runner)"
        }
    }

    var sentence: String { "\(pointer.isEmpty ? "The body" : String(pointer.dropFirst())) \(detail)." }
}

extension String {
    /// For echoing what a caller sent: the first 200 characters, without control characters.
    var clipped: String {
        var text = String(prefix(200))
        text.unicodeScalars.removeAll { $0.value < 0x20 || $0.value == 0x7F }
        return count > 200 ? text + "..." : text
    }
}

extension SettingError: CustomStringConvertible {
    /// The flag, and what is wrong with its value.
    package var description: String {
        switch self {
        case .noAddressRange(let entry): "--trusted-proxies: \(entry.clipped) is neither an IP address nor a range such as 10.0.0.0/8"
        case .noHost(let entry): "--allowed-hosts: \(entry.clipped) isn't a host name; give it without a scheme or path"
        case .noOrigin(let entry): "--cors-origins: \(entry.clipped) isn't an origin such as https://app.example, or *"
        case .noDirectory(let path): "--agent-root: \(path.clipped) isn't a directory"
        }
    }
}
