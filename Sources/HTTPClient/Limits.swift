/// Every bound of the client, with its unit.
package struct Limits: Sendable {
    /// The longest body of an ordinary response, in bytes. A run's result is at most 16 MiB, several times that once escaped.
    package var responseBodyBytes = 128 << 20
    /// The most that is kept of a stream's response until it is read, in bytes: in effect the longest explanation of a refusal,
    /// for events are read after each turn of libcurl, which brings at most 1.6 MB (100 reads of 16 KiB).
    package var unreadStreamBytes = 8 << 20
    /// The longest `data` of one event, in bytes. The server's own bound on a line is 256 KiB.
    package var eventBytes = 32 << 20
    /// The longest wait between two attempts to connect.
    package var longestBackoff = Duration.seconds(30)
    /// The longest wait that a server may ask for with `retry:` or `Retry-After`.
    package var longestRequestedWait = Duration.seconds(60)

    package init() {}
}
