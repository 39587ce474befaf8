/// What the scanners make of a request's bytes, head and body: for the fuzzer, which feeds them every way of cutting them.
package enum RequestProbe {
    /// A body may have this many bytes.
    package static let limitBytes = 4096

    /// Follows one request as `Connection` does.
    ///
    /// - Parameter pieces: a request's bytes as they arrive.
    /// - Returns: the verdict in words, and what has come of a chunked body.
    package static func read(_ pieces: [ArraySlice<UInt8>]) -> (verdict: String, body: [UInt8]) {
        var reader = RequestReader()
        var head: [UInt8] = []
        for piece in pieces {
            var rest = piece
            if reader.facts == nil {
                let taken = unsafe piece.withUnsafeBytes { unsafe reader.head.scan($0) }
                if let fault = reader.head.fault { return ("malformed head: \(fault)", []) }
                head += piece.prefix(taken)
                rest = piece.dropFirst(taken)
                guard reader.head.isFinished else { continue }
                let facts = unsafe head.withUnsafeBytes { unsafe HeadFacts($0, maxBodyBytes: limitBytes) }
                _ = unsafe head.withUnsafeBytes { unsafe RefusedHead($0) }
                if let refusal = facts.refusal { return ("refused: \(refusal)", []) }
                for index in facts.hiddenNames { precondition(head.indices.contains(index), "a name outside the head") }
                reader.facts = facts
                if facts.body == .chunked { reader.chunks = ChunkScanner(limitBytes: limitBytes) }
            }
            guard reader.chunks != nil else { continue }
            unsafe rest.withUnsafeBytes { unsafe reader.scanChunks($0) }
            precondition(reader.body.count <= limitBytes, "a body that is larger than it may be")
            if let fault = reader.chunks?.fault { return ("refused body: \(fault)", []) }
        }
        guard let facts = reader.facts else { return ("unfinished head", []) }
        return ("\(facts.body), \(facts.isTooLarge), \(facts.expectsContinue), \(reader.chunks?.isFinished ?? false)", reader.body)
    }
}
