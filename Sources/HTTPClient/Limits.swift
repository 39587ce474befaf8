/// Every bound of the client, with its unit.
package struct Limits: Sendable {
    /// The longest body of an ordinary response, in bytes. A run's result is at most 16 MiB, several times that once escaped.
    package var responseBodyBytes = 128 << 20
    /// The longest body kept of a refused stream, in bytes: it is only read for its explanation.
    package var refusalBodyBytes = 1 << 20
    /// The longest `data` of one event, in bytes. The server's own bound on a line is 256 KiB.
    package var eventBytes = 32 << 20
    /// The longest wait between two attempts to connect.
    package var longestBackoff = Duration.seconds(30)
    /// The longest wait that a server may ask for with `retry:` or `Retry-After`.
    package var longestRequestedWait = Duration.seconds(60)

    package init() {}
}
