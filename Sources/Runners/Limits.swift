/// Every bound of this module, with its unit.
package enum Limits {
    /// Bytes of one line of a runner's output, its line ending not counted; what is longer is cut.
    package static let lineBytes = 256 * 1024
    /// How deep the arrays and objects of a line may nest; the line's own object counts.
    package static let jsonDepth = 64
    /// Characters of an event's name.
    package static let eventNameLength = 64
    /// Bytes of a stderr line that become a failed run's error; longer lines are cut there.
    package static let errorBytes = 8 * 1024
    /// Bytes of plain stdout text that are kept for the result.
    package static let plainTextBytes = 1024 * 1024
}
