/// What a client submitted, checked: everything about a run that never changes.
///
/// Members that hold JSON (`recipeConfig`, `config`) keep the client's own text, re-spaced, so that numbers and strings reach the runner token for token.
package struct JobSpec: Sendable, Equatable {
    package let id: JobID
    package let createdAt: Timestamp
    package let sessionID: String?
    /// Seconds that one attempt may take, 1...2,592,000.
    package let timeoutSeconds: Int
    /// 1...20.
    package let maxAttempts: Int
    package let webhookURL: String?

    package init(id: JobID, createdAt: Timestamp, sessionID: String?, timeoutSeconds: Int, maxAttempts: Int, webhookURL: String?) {
        self.id = id
        self.createdAt = createdAt
        self.sessionID = sessionID
        self.timeoutSeconds = timeoutSeconds
        self.maxAttempts = maxAttempts
        self.webhookURL = webhookURL
    }
}

/// What the runner is to do: the large part of a submission, kept in memory only until the run has ended.
package struct JobWork: Sendable, Equatable {
    package var prompt: String
    package var agentFile: String?
    package var agentYAML: String?
    package var recipeName: String?
    /// A JSON object's text, or nil.
    package var recipeConfig: String?
    package var framework: String?
    /// A JSON object's text, or nil.
    package var config: String?

    package init(
        prompt: String, agentFile: String? = nil, agentYAML: String? = nil, recipeName: String? = nil, recipeConfig: String? = nil,
        framework: String? = nil, config: String? = nil
    ) {
        self.prompt = prompt
        self.agentFile = agentFile
        self.agentYAML = agentYAML
        self.recipeName = recipeName
        self.recipeConfig = recipeConfig
        self.framework = framework
        self.config = config
    }
}

/// What makes a repeated submit the same submit. Compared by its bytes: to `==` of strings, `é` and `e` with an accent are the same.
package struct IdempotencyKey: Hashable, Sendable {
    /// The bytes that the client sent, UTF-8 or not; at most 255, not empty.
    package let key: [UInt8]
    /// The session that the key is unique in; nil: unique among all keys without a session (the two name spaces are apart).
    package var sessionID: String? { session.map { String(decoding: $0, as: UTF8.self) } }
    private let session: [UInt8]?

    package init(key: [UInt8], sessionID: String?) {
        self.key = key
        session = sessionID.map { Array($0.utf8) }
    }
}
