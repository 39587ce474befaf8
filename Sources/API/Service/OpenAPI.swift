import HTTP

extension APIServer {
    /// `GET /openapi.json`: the calls for machines (OpenAPI 3.1).
    func openAPI(_ exchange: consuming Exchange) {
        exchange.send(
            Response(
                status: 200, headers: [("Content-Type", MediaType.json), ("Cache-Control", "no-cache")], body: .shared(openAPIDocument)))
    }
}

/// The document, put together from its parts.
enum OpenAPI {
    static func document(version: String) -> SharedBytes {
        let text = """
            {
            "openapi": "3.1.0",
            "info": {
              "title": "runstream",
              "version": "\(version)",
              "summary": "Submit a run, watch it live, come back, fetch the result.",
              "description": "Runs are child processes. Their events are one append-only log, which any number of viewers stream over \
            Server-Sent Events from any place in it.",
              "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
            },
            "servers": [{"url": "/"}],
            "security": [{"bearer": []}, {"apiKey": []}, {}],
            "tags": [{"name": "runs"}, {"name": "service"}],
            "paths": {
            \(paths)
            },
            "components": {
            "securitySchemes": {
              "bearer": {"type": "http", "scheme": "bearer", "description": "The server's API key, where it has one."},
              "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
              "runToken": {"type": "apiKey", "in": "query", "name": "token",
                "description": "Opens the GETs of one run for a while; from POST /api/v1/runs/{id}/token."}
            },
            "parameters": {
            \(parameters)
            },
            "responses": {
            \(responses)
            },
            "schemas": {
            \([submitSchemas, runSchemas, problemSchemas].joined(separator: ",\n"))
            }
            }
            }

            """
        return SharedBytes(Array(text.utf8))
    }
}
