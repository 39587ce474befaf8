import ArgumentParser
import FoundationEssentials
import HTTPClient

/// `runstream health`: for a container's HEALTHCHECK.
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask whether a server is well; exits 0 or 1.",
        discussion: "Without --api-url or RUNSTREAM_API_URL it asks the server that RUNSTREAM_HOST and RUNSTREAM_PORT describe.")

    @OptionGroup var client: ClientOptions

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let timeouts = HTTPClient.Timeouts(connect: .seconds(2), total: .seconds(3))
        do {
            let base = client.apiURL == nil ? try HealthURL.choose(environment) : nil
            let answer = try client.connect(timeouts: timeouts, base: base).callJSON("GET", "/health")
            try Output.standard.write(TerminalText.escape(answer.tree["status"]?.text ?? "healthy") + "\n")
        } catch let failure as CommandFailure {
            Output.notice("Error: \(failure.message)")
            throw ExitCode(1)
        }
    }
}

/// Where the health check asks, unless told by a flag.
package enum HealthURL {
    /// - Returns: `RUNSTREAM_API_URL`, else the server that the variables of `serve` describe.
    package static func choose(_ environment: [String: String]) throws -> String {
        if let url = environment["RUNSTREAM_API_URL"], !url.isEmpty { return try APIURL.check(url) }
        var host = try Settings.host.resolve(nil, environment) ?? "127.0.0.1"
        // A server that listens everywhere is asked on this machine.
        if host == "0.0.0.0" { host = "127.0.0.1" }
        if host == "::" { host = "::1" }
        let port = try Settings.port.resolve(nil, environment) ?? 8005
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
