-- SPDX-License-Identifier: Apache-2.0
-- Step 2: nobody passes before the sale begins.

local start = parse_date("2021-08-08T00:00:00+00:00")

function run()
  if now() < start then
    response.set_body("not start yet.\n")
    return 1
  end
  return 0
end
