-- Submits runs as fast as they are acknowledged.
require("report")
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"prompt": "load", "recipe_name": "emitter", "recipe_config": {"count": 0}}'
