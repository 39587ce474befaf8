/// Every bound of the HTTP server, with its unit.
package struct Limits: Sendable {
    /// Open client sockets, streams included, of all loops together. Beyond it a reserve accepts, answers 503 and closes.
    package var maxConnections = 8_000

    /// Connections beyond `maxConnections` that get a 503 rather than a closed socket.
    package var reserveConnections = 64

    /// Open streams of all loops together.
    package var maxStreams = 7_500

    /// Bytes of a request's head.
    package var maxHeaderBytes = 16 << 10

    /// Bytes of a request's body; a longer one is refused with 413.
    package var maxBodyBytes = 1 << 20

    /// Bytes of requests that wait in one loop's input buffers; connections that bring more are closed.
    package var requestBufferBytes = 128 << 20

    /// From a request's first byte to the end of its head. A body gets as much again for as long as it comes at `bodyBytesPerSecond`.
    package var requestTimeout = Duration.seconds(10)

    /// The least rate of a body that takes longer than `requestTimeout`.
    package var bodyBytesPerSecond = 16 << 10

    /// Refused connections of one loop whose clients may still read the answer; beyond it they are closed at once.
    package var lingering = 256

    /// What a connection of the reserve gets to send its request.
    package var reserveTimeout = Duration.seconds(1)

    /// A kept-alive connection without a request, and a reply that nobody reads.
    package var idleTimeout = Duration.seconds(75)

    /// What a reply waits for (a commit, a reader) may take so long; then it is answered 503.
    package var replyTimeout = Duration.seconds(30)

    /// How often the sockets of waiting replies are asked whether their clients have left.
    package var parkedSweep = Duration.seconds(1)

    /// A client that has ended sending while its reply waits gets an answer that comes within so much time; then it counts as gone.
    package var halfCloseGrace = Duration.seconds(5)

    /// A stream that has been silent for so long gets a heartbeat (some a little earlier, so that they are spread).
    package var heartbeat = Duration.seconds(4)

    /// A stream whose client takes nothing for so long is closed.
    package var writeTimeout = Duration.seconds(60)

    /// Sends per turn of a loop, over all its streams.
    package var fanOutSlice = 128

    /// Bytes that one stream may be sent before others have their turn.
    package var streamQuantumBytes = 256 << 10

    /// Bytes that wait in a viewer's output buffer on the slow path (HTTP/1.0, transcoded).
    package var outputBufferBytes = 64 << 10

    /// Bytes read from a stream's client, and thrown away, per second and at its end.
    package var drainBytes = 64 << 10

    /// How long a stream that has ended waits for its client to take the rest and close.
    package var drainTimeout = Duration.seconds(2)

    /// How long a listener rests when the process is out of descriptors and not even its spare one helps.
    package var acceptPause = Duration.milliseconds(100)

    package init() {}

    /// What a body must bring in so much time.
    func bytes(in time: Duration) -> Int {
        // In milliseconds and with a bound, so that no setting overflows.
        Int(min(time.nanoseconds / 1_000_000, 86_400_000)) * bodyBytesPerSecond / 1000
    }
}
