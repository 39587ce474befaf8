import HTTP

extension APIServer {
    /// `GET /openapi.json`.
    func openAPI(_ exchange: consuming Exchange) {
        exchange.send(200, [])
    }
}
