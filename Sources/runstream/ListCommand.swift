import ArgumentParser
import FoundationEssentials
import Support

/// `runstream list`: the runs, newest first.
struct ListCommand: ClientCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List runs, newest first.")

    @Option(
        help: ArgumentHelp("Only runs that are queued, running, succeeded, failed or cancelled.", valueName: "status"),
        completion: .list(["queued", "running", "succeeded", "failed", "cancelled"]))
    var status: String?
    @Option(help: ArgumentHelp("Only runs of this session.", valueName: "id")) var sessionID: String?
    @Option(help: ArgumentHelp("Which page, from 1.", valueName: "number")) var page = 1
    @Option(help: ArgumentHelp("Runs on a page, 1 to 100.", valueName: "count")) var pageSize = 20
    @Flag(help: "Print the server's answer.") var json = false
    @OptionGroup var client: ClientOptions

    func execute() throws -> ExitStatus {
        var query = "?page=\(page)&page_size=\(pageSize)"
        if let status { query += "&status=\(APIURL.encode(status))" }
        if let sessionID { query += "&session_id=\(APIURL.encode(sessionID))" }
        let answer = try client.connect().callJSON("GET", "/api/v1/runs" + query)
        if json {
            try Output.standard.write(json: answer.body)
            return .succeeded
        }
        let runs = answer.tree["jobs"]?.elements ?? []
        let style = Output.standard.style
        let columns = style.isInteractive ? TerminalStyle.columns(of: 1) : nil
        // number: this machine's clock
        try Output.standard.write(RunTable.describe(runs, style: style, columns: columns, now: Int(Date().timeIntervalSince1970)) + "\n")
        let total = answer.tree["total"]?.integer ?? runs.count
        let pages = total.addingWithoutOverflow(max(1, pageSize) - 1) / max(1, pageSize)
        if pages > 1 { Output.notice("Page \(page) of \(pages), \(total) runs in all") }
        return .succeeded
    }
}
