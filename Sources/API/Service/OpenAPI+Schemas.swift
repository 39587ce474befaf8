// What goes in and comes out.
extension OpenAPI {
    static let parameters = #"""
        "id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "pattern": "^run_[0-9a-f]{12}$"},
          "example": "run_4be1c02a77d9"},
        "idempotencyKey": {"name": "Idempotency-Key", "in": "header",
          "description": "Quoted (RFC 8941) or bare; its bytes are the key; at most 255 bytes; beats the member idempotency_key",
          "schema": {"type": "string"}}
        """#

    static let responses = #"""
        "Problem": {"description": "Refused; detail says why and what to do",
          "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
        "Unauthorized": {"description": "The key is missing or wrong, or the token does not open this",
          "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}},
          "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Unauthorized"}}}},
        "Invalid": {"description": "Members that cannot be",
          "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Invalid"}}}},
        "Unavailable": {"description": "Not now: a full queue, a failing database, a server on its way out. Nothing was kept",
          "headers": {"Retry-After": {"schema": {"type": "integer"}}},
          "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        """#

    static let submitSchemas = #"""
        "SubmitRequest": {
          "type": "object", "required": ["prompt"],
          "description": "Members that are null or an empty string are absent; unknown ones are ignored.",
          "properties": {
            "prompt": {"type": "string", "minLength": 1, "description": "Not blank, no NUL"},
            "agent_file": {"type": ["string", "null"], "description": "A file under the server's --agent-root"},
            "agent_yaml": {"type": ["string", "null"]},
            "recipe_name": {"type": ["string", "null"],
              "description": "One of the server's --recipes; without it the server's --runner runs"},
            "recipe_config": {"type": ["object", "null"]},
            "framework": {"type": ["string", "null"]},
            "config": {"type": ["object", "null"]},
            "webhook_url": {"type": ["string", "null"], "format": "uri", "maxLength": 2048},
            "timeout": {"type": ["integer", "null"], "minimum": 0, "maximum": 2592000,
              "description": "Seconds per attempt; 0 is the default, the server's --timeout"},
            "session_id": {"type": ["string", "null"], "maxLength": 1024},
            "idempotency_key": {"type": ["string", "null"], "maxLength": 255},
            "idempotency_scope": {"enum": ["none", "session", "global", "", null],
              "description": "session: the key is unique within session_id; otherwise among all"},
            "max_attempts": {"type": ["integer", "null"], "minimum": 1, "maximum": 20,
              "description": "The default is the server's --max-attempts"}
          }
        },
        "SubmitResponse": {
          "type": "object", "required": ["job_id", "status", "created_at", "poll_url", "stream_url"],
          "properties": {
            "job_id": {"$ref": "#/components/schemas/JobID"},
            "status": {"$ref": "#/components/schemas/Status"},
            "created_at": {"type": "string", "format": "date-time"},
            "poll_url": {"type": "string", "format": "uri"},
            "stream_url": {"type": "string", "format": "uri"}
          }
        },
        "TokenRequest": {"type": "object", "properties": {"expires_in": {"type": ["integer", "null"], "minimum": 1, "maximum": 86400,
          "default": 900}}},
        "Token": {
          "type": "object", "required": ["token", "expires_at", "stream_url"],
          "properties": {
            "token": {"type": "string"},
            "expires_at": {"type": "string", "format": "date-time"},
            "stream_url": {"type": "string", "format": "uri"}
          }
        }
        """#

    static let runSchemas = #"""
        "JobID": {"type": "string", "pattern": "^run_[0-9a-f]{12}$"},
        "Status": {"enum": ["queued", "running", "succeeded", "failed", "cancelled"]},
        "RunStatus": {
          "type": "object",
          "required": ["job_id", "status", "progress", "created_at", "started_at", "completed_at", "agent_id", "run_id", "session_id",
            "error", "retry_after", "attempt", "max_attempts"],
          "properties": {
            "job_id": {"$ref": "#/components/schemas/JobID"},
            "status": {"$ref": "#/components/schemas/Status"},
            "progress": {
              "type": "object", "required": ["percentage", "current_step", "steps_completed", "steps_total"],
              "properties": {
                "percentage": {"type": "number", "minimum": 0, "maximum": 100},
                "current_step": {}, "steps_completed": {}, "steps_total": {}
              }
            },
            "created_at": {"type": "string", "format": "date-time"},
            "started_at": {"type": ["string", "null"], "format": "date-time"},
            "completed_at": {"type": ["string", "null"], "format": "date-time"},
            "agent_id": {"type": "null"},
            "run_id": {"type": "null"},
            "session_id": {"type": ["string", "null"]},
            "error": {"type": ["string", "null"]},
            "retry_after": {"type": ["integer", "null"], "description": "Seconds until it is worth asking again"},
            "attempt": {"type": "integer", "description": "0 before the first start"},
            "max_attempts": {"type": "integer"}
          }
        },
        "CancelledRun": {
          "allOf": [
            {"$ref": "#/components/schemas/RunStatus"},
            {"type": "object", "required": ["cancelled_at"], "properties": {"cancelled_at": {"type": "string", "format": "date-time"}}}
          ]
        },
        "RunList": {
          "type": "object", "required": ["jobs", "total", "page", "page_size"],
          "properties": {
            "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/RunStatus"}},
            "total": {"type": "integer"}, "page": {"type": "integer"}, "page_size": {"type": "integer"}
          }
        },
        "RunResult": {
          "type": "object",
          "required": ["job_id", "status", "result", "result_url", "metrics", "created_at", "started_at", "completed_at",
            "duration_seconds", "error"],
          "properties": {
            "job_id": {"$ref": "#/components/schemas/JobID"},
            "status": {"enum": ["succeeded", "failed", "cancelled"]},
            "result": {"description": "Any JSON value; null unless the run succeeded"},
            "result_url": {"type": "null"},
            "metrics": {
              "type": "object", "required": ["attempts", "truncated"],
              "properties": {"attempts": {"type": "integer"}, "truncated": {"type": "boolean",
                "description": "Whether plain text output was cut at its limit"}}
            },
            "created_at": {"type": "string", "format": "date-time"},
            "started_at": {"type": ["string", "null"], "format": "date-time"},
            "completed_at": {"type": "string", "format": "date-time"},
            "duration_seconds": {"type": ["number", "null"]},
            "error": {"type": ["string", "null"]},
            "failure": {
              "description": "Of a failed run only; null where no more is known than the error, as after a crash of the server",
              "type": ["object", "null"], "required": ["exit_status", "signal", "stderr_tail"],
              "properties": {
                "exit_status": {"type": ["integer", "null"], "description": "null after a signal or a timeout"},
                "signal": {"type": ["integer", "null"], "description": "The number of the signal that ended the program"},
                "stderr_tail": {"type": "string", "description": "The last 20 lines of stderr, at most 4 KiB, joined by LF"}
              }
            }
          }
        },
        "StreamLine": {
          "type": "object", "required": ["id", "event", "data"],
          "properties": {
            "id": {"type": ["integer", "null"]},
            "event": {"type": "string", "description": "progress, log, retry, gap, complete, done, or a runner's own"},
            "data": {}
          }
        }
        """#

    static let problemSchemas = #"""
        "Problem": {
          "type": "object", "required": ["type", "title", "status", "detail"], "description": "RFC 9457",
          "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What a person can do about it"}
          }
        },
        "Unauthorized": {
          "allOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "object", "required": ["error"],
            "properties": {"error": {"type": "string"}}}]
        },
        "Invalid": {
          "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"type": "object", "required": ["errors"], "properties": {"errors": {"type": "array", "items": {
              "type": "object", "required": ["pointer", "detail"],
              "properties": {"pointer": {"type": "string", "description": "A JSON Pointer"}, "detail": {"type": "string"}}
            }}}}
          ]
        },
        "Executor": {
          "type": "object",
          "properties": {
            "running_jobs": {"type": "integer"}, "queued_jobs": {"type": "integer"}, "retrying_jobs": {"type": "integer"},
            "max_concurrent": {"type": "integer"}, "max_queued": {"type": "integer"}, "default_timeout": {"type": "integer"},
            "started": {"type": "integer"}, "succeeded": {"type": "integer"}, "failed": {"type": "integer"},
              "cancelled": {"type": "integer"},
            "shutdown": {"type": "boolean"}
          }
        },
        "Store": {
          "type": "object",
          "properties": {
            "type": {"type": "string"}, "healthy": {"type": "boolean"}, "commits": {"type": "integer"}, "failures": {"type": "integer"},
            "events": {"type": "integer"}, "bytes": {"type": "integer"}
          }
        },
        "Health": {
          "type": "object", "required": ["status", "store", "executor_stats"],
          "properties": {
            "status": {"const": "healthy"}, "version": {"type": "string"},
            "store": {"type": "string"}, "executor_stats": {"$ref": "#/components/schemas/Executor"}
          }
        },
        "Stats": {
          "type": "object", "required": ["executor", "store", "total_jobs", "by_status"],
          "properties": {
            "executor": {"$ref": "#/components/schemas/Executor"}, "store": {"$ref": "#/components/schemas/Store"},
            "total_jobs": {"type": "integer"}, "by_status": {"type": "object", "additionalProperties": {"type": "integer"}}
          }
        }
        """#
}
