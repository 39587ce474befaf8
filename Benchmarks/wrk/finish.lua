-- Submits a run and cancels it, by turns: fills a database with finished runs.
require("report")
local json = { ["Content-Type"] = "application/json" }
local body = '{"prompt": "load", "recipe_name": "emitter", "recipe_config": {"count": 0}}'
local ids = {}
function request()
  local id = table.remove(ids)
  if id then return wrk.format("POST", "/api/v1/runs/" .. id .. "/cancel", json, "") end
  return wrk.format("POST", "/api/v1/runs", json, body)
end
function response(status, headers, text)
  if status == 202 then ids[#ids + 1] = text:match("run_%x+") end
end
