// What the document says of each call besides its method, path, scope and parameter `{id}`, which are the table's (`Call.rules`). Raw JSON
// members, so that what is served is what is read here.
extension OpenAPI {
    static let submitRun = #"""
        "operationId": "submitRun", "tags": ["runs"], "summary": "Submit a run",
        "description": "Answered when the run is on disk. A known idempotency key answers with the run that it started.",
        "parameters": [{"$ref": "#/components/parameters/idempotencyKey"}],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SubmitRequest"}}}},
        "responses": {
          "202": {
            "description": "Accepted, or known already",
            "headers": {
              "Location": {"description": "The poll URL", "schema": {"type": "string", "format": "uri"}},
              "Retry-After": {"description": "Seconds until it is worth asking", "schema": {"type": "integer"}}
            },
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SubmitResponse"}}}
          },
          "400": {"$ref": "#/components/responses/Problem"},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "403": {"$ref": "#/components/responses/Problem"},
          "406": {"$ref": "#/components/responses/Problem"},
          "413": {"$ref": "#/components/responses/Problem"},
          "415": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "422": {"$ref": "#/components/responses/Invalid"},
          "503": {"$ref": "#/components/responses/Unavailable"}
        }
        """#

    static let listRuns = #"""
        "operationId": "listRuns", "tags": ["runs"], "summary": "List runs, newest first",
        "parameters": [
          {"name": "status", "in": "query", "description": "pending is queued",
           "schema": {"enum": ["queued", "pending", "running", "succeeded", "failed", "cancelled"]}},
          {"name": "session_id", "in": "query", "description": "Exactly these bytes, in UTF-8", "schema": {"type": "string"}},
          {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000000000, "default": 1}},
          {"name": "page_size", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}}
        ],
        "responses": {
          "200": {
            "description": "A page",
            "headers": {"Link": {"description": "RFC 8288: first, prev, next, last", "schema": {"type": "string"}}},
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RunList"}}}
          },
          "400": {"$ref": "#/components/responses/Problem"},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "406": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "422": {"$ref": "#/components/responses/Invalid"},
          "503": {"$ref": "#/components/responses/Unavailable"}
        }
        """#

    static let runStatus = #"""
        "operationId": "runStatus", "tags": ["runs"], "summary": "How a run is",
        "responses": {
          "200": {"description": "Its status", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RunStatus"}}}},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "404": {"$ref": "#/components/responses/Problem"},
          "406": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Unavailable"}
        }
        """#

    static let deleteRun = #"""
        "operationId": "deleteRun", "tags": ["runs"], "summary": "Delete a run that has ended; its streams are cut",
        "responses": {
          "204": {"description": "Deleted"},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "403": {"$ref": "#/components/responses/Problem"},
          "404": {"$ref": "#/components/responses/Problem"},
          "409": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Unavailable"}
        }
        """#

    static let runResult = #"""
        "operationId": "runResult", "tags": ["runs"], "summary": "What came out of a run that has ended",
        "responses": {
          "200": {"description": "Its result, or its error",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RunResult"}}}},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "404": {"$ref": "#/components/responses/Problem"},
          "406": {"$ref": "#/components/responses/Problem"},
          "409": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Unavailable"}
        }
        """#

    static let streamRun = #"""
        "operationId": "streamRun", "tags": ["runs"], "summary": "The run's events, from the first or after a cursor, then live",
        "description": "Unnamed Server-Sent Events. Only `data: [DONE]` means the end; a response that ends without it is to be \#
        resumed with Last-Event-ID. A run that has ended answers 400 without a cursor (except within 60 s of its end, until somebody \#
        has been told), 204 with a cursor at its end.",
        "parameters": [
          {"name": "Last-Event-ID", "in": "header", "description": "The last event seen; beats from", "schema": {"type": "string"}},
          {"name": "last_event_id", "in": "query", "description": "The same, for who cannot send a header",
            "schema": {"type": "string"}},
          {"name": "from", "in": "query",
            "description": "now: the latest progress with the newest event's number as its id, then live; start: the whole log, of a finished run too",
           "schema": {"enum": ["start", "now"]}}
        ],
        "responses": {
          "200": {
            "description": "Events",
            "content": {
              "text/event-stream": {"schema": {"type": "string"}},
              "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/StreamLine"}}
            }
          },
          "204": {"description": "Everything has been seen; do not reconnect"},
          "400": {"$ref": "#/components/responses/Problem"},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "404": {"$ref": "#/components/responses/Problem"},
          "406": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Unavailable"}
        }
        """#

    static let cancelRun = #"""
        "operationId": "cancelRun", "tags": ["runs"], "summary": "End a run now",
        "responses": {
          "200": {"description": "Cancelled",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CancelledRun"}}}},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "403": {"$ref": "#/components/responses/Problem"},
          "404": {"$ref": "#/components/responses/Problem"},
          "406": {"$ref": "#/components/responses/Problem"},
          "409": {"$ref": "#/components/responses/Problem"},
          "413": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Unavailable"}
        }
        """#

    static let issueToken = #"""
        "operationId": "issueToken", "tags": ["runs"], "summary": "A URL for a browser's EventSource, which cannot send a key",
        "requestBody": {"required": false, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TokenRequest"}}}},
        "responses": {
          "201": {"description": "Issued", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Token"}}}},
          "400": {"$ref": "#/components/responses/Problem"},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "403": {"$ref": "#/components/responses/Problem"},
          "404": {"$ref": "#/components/responses/Problem"},
          "406": {"$ref": "#/components/responses/Problem"},
          "413": {"$ref": "#/components/responses/Problem"},
          "415": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "422": {"$ref": "#/components/responses/Invalid"},
          "503": {"$ref": "#/components/responses/Unavailable"}
        }
        """#

    static let health = #"""
        "operationId": "health", "tags": ["service"], "summary": "Whether the process lives",
        "responses": {"200": {"description": "It does",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}}}}
        """#

    static let ready = #"""
        "operationId": "ready", "tags": ["service"], "summary": "Whether it takes work",
        "responses": {
          "200": {"description": "It does", "content": {"application/json": {"schema": {"type": "object",
            "properties": {"status": {"const": "ready"}}}}}},
          "503": {"$ref": "#/components/responses/Unavailable"}
        }
        """#

    static let stats = #"""
        "operationId": "stats", "tags": ["service"], "summary": "How much there is",
        "responses": {
          "200": {"description": "Figures", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Stats"}}}},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "406": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Unavailable"}
        }
        """#

    static let metrics = #"""
        "operationId": "metrics", "tags": ["service"], "summary": "Prometheus' text format",
        "responses": {
          "200": {"description": "Samples", "content": {"text/plain": {"schema": {"type": "string"}}}},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "406": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Unavailable"}
        }
        """#

    static let openAPI = #"""
        "operationId": "openAPI", "tags": ["service"], "summary": "This document",
        "responses": {
          "200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}},
          "401": {"$ref": "#/components/responses/Unauthorized"},
          "406": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"}
        }
        """#
}
