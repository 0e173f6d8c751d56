-- SPDX-License-Identifier: Apache-2.0
-- wrk: requests of 1,000 users, none of whom was let in, made once and sent in turn.
local requests = {}
local number = 0

function init()
  for i = 1, 1000 do
    requests[i] = wrk.format("GET", "/flashsale", { ["Host"] = "127.0.0.1", ["Authorization"] = "late" .. i })
  end
end

function request()
  number = number % 1000 + 1
  return requests[number]
end
