-- SPDX-License-Identifier: Apache-2.0
-- Step 6: the complete sale. Its parameters come from the configuration of the filter.

local start, block_ratio, max_permission

function init(params)
  start = parse_date(params.startTime or "1970-01-01")
  block_ratio = tonumber(params.blockRatio or 0)
  max_permission = tonumber(params.maxPermission or 0)
end

function run()
  if now() < start then
    response.set_body("not start yet.\n")
    return 1
  end
  local key = "id/" .. request.get_header("Authorization")
  if cluster.get_string(key) == "true" then return 0 end
  if cluster.count_key("id/") < max_permission and rand() > block_ratio then
    cluster.put_string(key, "true")
    return 0
  end
  response.set_body("sold out.\n")
  return 2
end
