-- SPDX-License-Identifier: Apache-2.0
-- Step 3: of all requests, 40 % are turned away.

local start = parse_date("2021-08-08T00:00:00+00:00")
local block_ratio = 0.4

function run()
  if now() < start then
    response.set_body("not start yet.\n")
    return 1
  end
  if rand() > block_ratio then return 0 end
  response.set_body("sold out.\n")
  return 2
end
