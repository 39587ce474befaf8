import ArgumentParser

/// One setting of `serve`: its flag, the variables that stand in for it, and how its text is read. The same reading serves all of them.
package struct Setting<Value: Sendable>: Sendable {
    /// Without the dashes.
    let flag: String
    /// PraisonAI's names for it, in the order in which they are asked.
    let legacyVariables: [String]
    let help: ArgumentHelp
    let parse: @Sendable (String) throws -> Value

    init(
        _ flag: String, _ summary: String, default shown: String? = nil, placeholder: String, legacy: [String] = [],
        parse: @escaping @Sendable (String) throws -> Value
    ) {
        self.flag = flag
        legacyVariables = legacy
        self.parse = parse
        let variable = Self.variable(flag)
        let notes = [shown.map { "default: \($0)" }, "env: \(variable)"].compactMap { $0 }.joined(separator: "; ")
        help = ArgumentHelp("\(summary) (\(notes))", valueName: placeholder)
    }

    /// `RUNSTREAM_` and the flag's name in capitals.
    var variable: String { Self.variable(flag) }

    private static func variable(_ flag: String) -> String { "RUNSTREAM_" + flag.uppercased().replacing("-", with: "_") }

    /// The flag's value, else the first variable's that is set and not empty, else nil.
    ///
    /// - Throws: `SettingsError.badValue`, naming the variable.
    func resolve(_ flagValue: Value?, _ environment: [String: String]) throws(SettingsError) -> Value? {
        if let flagValue { return flagValue }
        for name in [variable] + legacyVariables {
            guard let text = environment[name], !text.isEmpty else { continue }
            do {
                return try parse(text)
            } catch {
                throw .badValue(name: name, value: text, problem: "\(error)")
            }
        }
        return nil
    }
}

/// Why the server does not start.
package enum SettingsError: Error, Equatable, CustomStringConvertible {
    case badValue(name: String, value: String, problem: String)
    case badKey(source: String)
    case unreadableKeyFile(path: String, problem: String)
    case twoKeys
    case keyRequired(host: String)
    case noStateDirectory
    case notADirectory(flag: String, path: String)
    case runner(problem: String)
    /// A database that isn't a file.
    case notAFile(String, advice: String)

    package var description: String {
        switch self {
        case .badValue(let name, let value, let problem): "\(name)=\(value): \(problem)"
        case .badKey(let source): "the API key of \(source) is empty or has characters other than printable ASCII without spaces"
        case .unreadableKeyFile(let path, let problem): "cannot read the API key from \(path): \(problem)"
        case .twoKeys: "give --api-key or --api-key-file, not both"
        case .keyRequired(let host):
            """
            not listening on \(host) without an API key: whoever reaches it could start runs. Set RUNSTREAM_API_KEY or \
            --api-key-file, or listen on 127.0.0.1; --insecure-no-key overrides this where something else checks who may call.
            """
        case .noStateDirectory: "neither XDG_STATE_HOME nor HOME is set: name the database with --db"
        case .notADirectory(let flag, let path): "--\(flag) \(path): not a directory"
        case .runner(let problem): problem
        case .notAFile(let what, let advice): "--db cannot be \(what). \(advice)"
        }
    }
}
