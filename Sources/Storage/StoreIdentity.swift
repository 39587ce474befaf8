/// What tells one store from every other; made once with it.
struct StoreIdentity {
    /// 16 random hex digits.
    let instanceID: String
    /// 32 random bytes.
    let secret: [UInt8]

    /// A new one. The system's generator is cryptographic (getrandom).
    init() {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        instanceID = String(decoding: (0..<16).map { _ in digits[Int.random(in: 0..<16, using: &generator)] }, as: UTF8.self)
        secret = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}
