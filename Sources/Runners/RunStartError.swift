/// Why an attempt has nothing to run.
enum RunStartError: Error, CustomStringConvertible {
    /// `problem`: what is wrong with the recipes' directory.
    case noRecipe(String, problem: String?)
    case noRunner

    var description: String {
        switch self {
        case .noRecipe(let name, let problem):
            problem.map { "there is no recipe `\(name)`: \($0)" } ?? "there is no recipe `\(name)` any more"
        case .noRunner: "no --runner is set"
        }
    }
}
