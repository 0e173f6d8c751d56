-- SPDX-License-Identifier: Apache-2.0
-- Step 6: the complete sale. Its parameters come from the configuration of the filter.

local start, block_ratio, max_permission

function init()
  start = parameter.time("startTime")
  block_ratio = parameter.number("blockRatio", 0)
  max_permission = parameter.integer("maxPermission")
end

function run()
  if now() < start then
    response.set_body("not start yet.\n")
    return 1
  end
  local user = request.get_header("Authorization")
  if user == "" then return 3 end -- without a name, all visitors would be one user
  local key = "id/" .. user
  if cluster.get_string(key) == "true" then return 0 end
  if cluster.count_key("id/") < max_permission and rand() > block_ratio then
    cluster.put_string(key, "true")
    return 0
  end
  response.set_body("sold out.\n")
  return 2
end
