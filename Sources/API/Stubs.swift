import Jobs
package final class ExecutorMailbox: Sendable { package init() {}; package func cancel(_ id: JobID, attempt: Int?) {} }
package struct RecipeBook: Sendable {
    package var names: [String]
    package init(names: [String]) { self.names = names }
    package func path(of name: String) -> String? { names.contains(name) ? name : nil }
}
