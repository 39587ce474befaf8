/// A stream that evhttp sends.
final class SlowStream {
    func connectionClosed() {}
}
