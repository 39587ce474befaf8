/// Why an attempt has nothing to run.
enum RunStartError: Error, CustomStringConvertible {
    case noRecipe(String)
    case noRunner

    var description: String {
        switch self {
        case .noRecipe(let name): "there is no recipe `\(name)`"
        case .noRunner: "no --runner is set"
        }
    }
}
