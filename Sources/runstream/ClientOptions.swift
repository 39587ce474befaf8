import ArgumentParser
import FoundationEssentials
import HTTPClient

/// Which server the client commands talk to, and as whom.
package struct ClientOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The server (default: http://127.0.0.1:8005; env: RUNSTREAM_API_URL)", valueName: "url"))
    var apiURL: String?

    @Option(
        help: ArgumentHelp(
            "The server's API key (env: RUNSTREAM_API_KEY, which is better: arguments show in process lists)", valueName: "key"))
    var apiKey: String?

    @Option(
        help: ArgumentHelp("File with the API key in its first line (env: RUNSTREAM_API_KEY_FILE)", valueName: "file"), completion: .file())
    var apiKeyFile: String?

    package init() {}

    /// The flag, else the variable, else the default, checked.
    package func baseURL(_ environment: [String: String]) throws(ArgumentProblem) -> String {
        let text = apiURL ?? environment["RUNSTREAM_API_URL"].flatMap { $0.isEmpty ? nil : $0 } ?? "http://127.0.0.1:8005"
        return try APIURL.check(text)
    }

    /// What a command needs on its command line to reach the same server. The environment needs no repeating.
    var comeBackOptions: String { apiURL.map { " --api-url \($0)" } ?? "" }

    /// A connection to the server, at `base` or else at `baseURL`; nothing is sent yet.
    func connect(timeouts: HTTPClient.Timeouts = .init(), base: String? = nil) throws(CommandFailure) -> APIClient {
        let environment = ProcessInfo.processInfo.environment
        do {
            let key = try APIKeySource(flag: apiKey, fileFlag: apiKeyFile).resolve(environment, readFile: LocalFile.readText)
            return APIClient(try HTTPClient(timeouts: timeouts), baseURL: try base ?? baseURL(environment), key: key)
        } catch let error as HTTPError {
            throw CommandFailure("\(error)", .unreachable)
        } catch {
            throw CommandFailure("\(error)", .usage)
        }
    }
}

/// The address of a server.
package enum APIURL {
    /// - Returns: the URL without slashes at its end.
    package static func check(_ text: String) throws(ArgumentProblem) -> String {
        let lower = text.lowercased()
        guard lower.hasPrefix("http://") || lower.hasPrefix("https://"), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ArgumentProblem("the server's URL must begin with http:// or https://, not be \(TerminalText.escape(text))")
        }
        guard !text.contains("@") else { throw ArgumentProblem("the server's URL must not hold a user or password: use the API key") }
        guard !text.contains("?"), !text.contains("#") else { throw ArgumentProblem("the server's URL must not have a query or fragment") }
        var url = text[...]
        while url.hasSuffix("/") { url = url.dropLast() }
        guard url.split(separator: "/", omittingEmptySubsequences: true).count >= 2 else {
            throw ArgumentProblem("the server's URL names no host")
        }
        return String(url)
    }

    /// For a value in a query or path: all but the unreserved characters of RFC 3986 as %XX.
    package static func encode(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                Unicode.Scalar(byte).properties.isAlphabetic && byte < 0x80 || (0x30...0x39).contains(byte) || "-._~".utf8.contains(byte)
            if isPlain { return String(Unicode.Scalar(byte)) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
