/// Where an API key may come from, for the server and for its clients alike.
struct APIKeySource {
    var flag: String?
    var fileFlag: String?
    var variables: [String] = ["RUNSTREAM_API_KEY"]
    var fileVariables: [String] = ["RUNSTREAM_API_KEY_FILE"]
    /// Asked after all else.
    var lastVariables: [String] = []

    /// - Returns: the key, checked; nil where none is given.
    /// - Throws: `SettingsError`, never with the key itself in it.
    func resolve(_ environment: [String: String], readFile: (String) throws(ArgumentProblem) -> String) throws(SettingsError) -> String? {
        if flag != nil, fileFlag != nil { throw .twoKeys }
        if let flag { return try checked(flag, "--api-key") }
        if let fileFlag { return try read(fileFlag, readFile) }
        for name in variables { if let key = environment[name], !key.isEmpty { return try checked(key, name) } }
        for name in fileVariables { if let path = environment[name], !path.isEmpty { return try read(path, readFile) } }
        for name in lastVariables { if let key = environment[name], !key.isEmpty { return try checked(key, name) } }
        return nil
    }

    private func read(_ path: String, _ readFile: (String) throws(ArgumentProblem) -> String) throws(SettingsError) -> String {
        let text: String
        do {
            text = try readFile(path)
        } catch {
            throw .unreadableKeyFile(path: path, problem: "\(error)")
        }
        // The first line: editors end files with a newline, and a secret may be followed by a remark.
        return try checked(String(text.prefix { !$0.isNewline }), path)
    }

    /// A key has to fit into a header as it is.
    private func checked(_ key: String, _ source: String) throws(SettingsError) -> String {
        guard !key.isEmpty, key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .badKey(source: source) }
        return key
    }
}
