/// What the head scanner says of some bytes: for the fuzzer, which feeds it every way of cutting them.
package enum HeadProbe {
    /// - Parameter pieces: a request's bytes as they arrive.
    /// - Returns: the fault's name; nil if the head is in order so far.
    package static func fault(in pieces: [ArraySlice<UInt8>]) -> String? {
        var scanner = HeadScanner()
        for piece in pieces { _ = unsafe piece.withUnsafeBytes { unsafe scanner.scan($0) } }
        return scanner.fault.map { "\($0)" }
    }
}
