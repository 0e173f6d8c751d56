-- SPDX-License-Identifier: Apache-2.0
-- Step 5: three people at most. Counting and putting are one transaction: never one too many.

local start = parse_date("2021-08-08T00:00:00+00:00")

function run()
  if now() < start then
    response.set_body("not start yet.\n")
    return 1
  end
  local user = request.get_header("Authorization")
  if user == "" then return 3 end -- without a name, all visitors would be one user
  local key = "id/" .. user
  if cluster.get_string(key) == "true" then return 0 end
  if cluster.count_key("id/") < 3 and rand() > 0.4 then
    cluster.put_string(key, "true")
    return 0
  end
  response.set_body("sold out.\n")
  return 2
end
