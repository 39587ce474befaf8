/// What is wrong with one value, for the person who typed it; the flag or variable is named by whoever reports it.
package struct ArgumentProblem: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
