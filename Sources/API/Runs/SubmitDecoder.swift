import Jobs

/// Reads a submission's body and checks every member, so that a caller learns of all mistakes at once.
package struct SubmitDecoder {
    private let rules: SubmitRules
    private let document: JSONDocument
    private var problems: [FieldProblem] = []

    /// - Parameters:
    ///   - body: the request's body, whatever it is.
    ///   - keyHeader: the bytes of the `Idempotency-Key` header.
    ///   - rules: what this server takes.
    /// - Returns: what a run is made of.
    /// - Throws: a problem with status 400 or 422.
    package static func decode(_ body: [UInt8], keyHeader: [UInt8]?, rules: SubmitRules) throws(Problem) -> SubmitOrder {
        let document: JSONDocument
        do { document = try JSONDocument(body) } catch { throw .malformedJSON(error) }
        guard document.root.kind == .object else { throw .invalid([FieldProblem("", .notAnObject)]) }
        var decoder = SubmitDecoder(rules: rules, document: document)
        return try decoder.order(keyHeader: keyHeader)
    }

    private init(rules: SubmitRules, document: JSONDocument) {
        self.rules = rules
        self.document = document
    }

    private mutating func order(keyHeader: [UInt8]?) throws(Problem) -> SubmitOrder {
        let sessionID = text("session_id", limit: APILimits.sessionIDBytes)
        let order = SubmitOrder(
            work: try work(), sessionID: sessionID,
            timeout: integer("timeout", APILimits.timeoutSeconds, zeroMeansDefault: true) ?? rules.defaultTimeout,
            maxAttempts: integer("max_attempts", APILimits.maxAttempts) ?? rules.defaultMaxAttempts,
            webhookURL: webhookURL(), key: key(header: keyHeader, sessionID: sessionID))
        guard problems.isEmpty else { throw .invalid(problems) }
        return order
    }

    private mutating func work() throws(Problem) -> JobWork {
        let prompt = prompt()
        let recipe = recipe()
        return JobWork(
            prompt: prompt, agentFile: try agentFile(), agentYAML: text("agent_yaml"), recipeName: recipe,
            recipeConfig: object("recipe_config"), framework: text("framework"), config: object("config"))
    }

    private mutating func prompt() -> String {
        guard document["prompt"] != nil else {
            problems.append(FieldProblem("prompt", .required))
            return ""
        }
        let before = problems.count
        guard let prompt = text("prompt"), prompt.contains(where: { !$0.isWhitespace }) else {
            if problems.count == before { problems.append(FieldProblem("prompt", .blank)) }
            return ""
        }
        return prompt
    }

    private mutating func recipe() -> String? {
        let before = problems.count
        guard let name = text("recipe_name") else {
            if problems.count == before, !rules.hasRunner { problems.append(FieldProblem("recipe_name", .noRunner)) }
            return nil
        }
        if rules.recipes?.has(name) == true { return name }
        let known = rules.recipes?.names ?? []
        if let recipes = rules.recipes, recipes.notExecutable.contains(name) {
            problems.append(FieldProblem("recipe_name", .recipeNotExecutable(name)))
        } else {
            problems.append(
                FieldProblem(
                    "recipe_name",
                    known.isEmpty ? .noRecipes(name, problem: rules.recipes?.publicProblem) : .unknownRecipe(name, known: known)))
        }
        return nil
    }

    private mutating func agentFile() throws(Problem) -> String? {
        guard let name = text("agent_file") else { return nil }
        guard let root = rules.agentRoot else { throw .agentFile(.noRoot) }
        do { return try root.file(name) } catch { throw .agentFile(error) }
    }

    private mutating func webhookURL() -> String? {
        guard let url = text("webhook_url", limit: APILimits.webhookURLBytes) else { return nil }
        guard Self.isWebURL(url) else {
            problems.append(FieldProblem("webhook_url", .notAWebURL))
            return nil
        }
        return url
    }

    private mutating func key(header: [UInt8]?, sessionID: String?) -> IdempotencyKey? {
        let scopes = ["none", "session", "global"]
        let scope = text("idempotency_scope")
        if let scope, !scopes.contains(scope) { problems.append(FieldProblem("idempotency_scope", .notOneOf(scopes))) }
        let member = text("idempotency_key", limit: APILimits.idempotencyKeyBytes)
        var key = member.map { Array($0.utf8) }
        do {
            if let fromHeader = try IdempotencyHeader.key(header) { key = fromHeader }
        } catch {
            problems.append(FieldProblem("idempotency_key", .malformedKey))
        }
        guard let key else { return nil }
        let isSaid = problems.contains { $0.pointer == "/idempotency_key" }
        if key.count > APILimits.idempotencyKeyBytes, !isSaid {
            problems.append(FieldProblem("idempotency_key", .tooLong(limitBytes: APILimits.idempotencyKeyBytes)))
        }
        guard scope == "session" else { return IdempotencyKey(key: key, sessionID: nil) }
        if sessionID == nil { problems.append(FieldProblem("session_id", .sessionRequired)) }
        return IdempotencyKey(key: key, sessionID: sessionID)
    }

    // MARK: Members by type

    /// A string member; nil when absent, null or empty, and when it is wrong, which is noted.
    private mutating func text(_ name: String, limit: Int = .max) -> String? {
        guard let value = document[name] else { return nil }
        guard value.kind == .string else {
            problems.append(FieldProblem(name, .mustBeString))
            return nil
        }
        let text = document.text(value)
        if text.utf8.contains(0) { problems.append(FieldProblem(name, .containsNUL)) }
        if text.utf8.count > limit { problems.append(FieldProblem(name, .tooLong(limitBytes: limit))) }
        return text.isEmpty ? nil : text
    }

    private mutating func object(_ name: String) -> String? {
        guard let value = document[name] else { return nil }
        guard value.kind == .object else {
            problems.append(FieldProblem(name, .mustBeObject))
            return nil
        }
        return document.respaced(value)
    }

    private mutating func integer(_ name: String, _ range: ClosedRange<Int>, zeroMeansDefault: Bool = false) -> Int? {
        guard let value = document[name] else { return nil }
        guard let integer = document.integer(value) else {
            problems.append(FieldProblem(name, .mustBeInteger))
            return nil
        }
        if zeroMeansDefault, integer == 0 { return nil }
        guard range.contains(integer) else {
            problems.append(FieldProblem(name, .outside(range, zeroMeansDefault: zeroMeansDefault)))
            return nil
        }
        return integer
    }

    /// `http` or `https`, a host, no white space or control characters. Where it may lead is checked when it is called.
    private static func isWebURL(_ url: String) -> Bool {
        guard url.utf8.allSatisfy({ 0x20 < $0 && $0 < 0x7F }), let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://"),
            ["http", "https"].contains(url[..<colon].lowercased())
        else { return false }
        let rest = url[url.index(colon, offsetBy: 3)...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        return Authority(String(host)) != nil
    }
}
