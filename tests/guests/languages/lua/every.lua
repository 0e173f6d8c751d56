-- SPDX-License-Identifier: Apache-2.0
-- Does what X-Mode says; see README.md in the folder above.

local out, given, ratio

function init()
  given = {
    parameter.text("greeting", "hello ü"),
    parameter.integer("amount", -7),
    tostring(parameter.boolean("open", true)),
    parameter.duration("wait", "1m30s"),
    parameter.time("start", "2026-11-27 20:00 Europe/Berlin"),
  }
  ratio = parameter.number("ratio", 0.5)
end

local function say(name, value) out[#out + 1] = name .. "=" .. value .. "\n" end
local function say_ok(name, good) say(name, good and "ok" or "wrong") end

local function all_of(headers, wanted)
  local list = {}
  for name, values in pairs(headers) do
    if name:lower() == wanted:lower() then table.move(values, 1, #values, #list + 1, list) end
  end
  return table.concat(list, "|")
end

local function pair(cookie) return cookie.name .. ":" .. cookie.value end

local function all_cookies()
  local list = {}
  for i, cookie in ipairs(request.get_all_cookie()) do list[i] = pair(cookie) end
  return table.concat(list, "|")
end

local function read_request()
  say("realIp", request.get_real_ip())
  say("scheme", request.get_scheme())
  say("proto", request.get_proto())
  say("method", request.get_method())
  say("host", request.get_host())
  say("path", request.get_path())
  say("escapedPath", request.get_escaped_path())
  say("query", request.get_query())
  say("fragment", request.get_fragment())
  say("user", request.get_header("x-user"))
  say("missing", request.get_header("X-Missing"))
  say("many", all_of(request.get_all_header(), "X-Many"))
  say("cookie", pair(request.get_cookie("a")))
  say_ok("noCookie", request.get_cookie("z") == nil)
  say("cookies", all_cookies())
  say("body", request.get_body())
end

local function change_request()
  request.set_method("PUT")
  request.set_host("probe.example:8080")
  request.set_path("/n w/ü")
  request.set_query("r=%20")
  request.set_header("X-Set", "old")
  request.set_header("X-Set", "new")
  request.add_header("X-Set", "more")
  request.set_header("X-Gone", "x")
  request.del_header("x-gone")
  request.add_cookie({ name = "c", value = "3=3" })
  request.set_body("new body")
  say("method", request.get_method())
  say("host", request.get_host())
  say("path", request.get_path())
  say("query", request.get_query())
  say("set", all_of(request.get_all_header(), "X-Set"))
  say("gone", request.get_header("X-Gone"))
  say("cookies", all_cookies())
  say("body", request.get_body())
  request.set_all_header({ ["X-Whole"] = { "1", "2\r\nInjected: yes" } })
  say("whole", all_of(request.get_all_header(), "X-Whole"))
end

local function change_response()
  say("status", response.get_status_code())
  response.set_status_code(201)
  say("status", response.get_status_code())
  response.set_header("X-R", "new")
  response.add_header("X-R", "more")
  response.set_header("X-Gone", "x")
  response.del_header("X-Gone")
  say("response", response.get_header("x-r"))
  say("response", all_of(response.get_all_header(), "X-R"))
  response.set_all_header({ ["X-Whole"] = { "a", "b" } })
  local made = cookie.Cookie("wasm", "a=b", {
    path = "/shop",
    domain = "example.com; x",
    raw_expires = "Thu, 01 Jan 1970 00:00:00 GMT",
    max_age = 3600,
    secure = true,
    http_only = true,
    same_site = cookie.SameSite.LaxMode,
  })
  response.set_cookie(made)
  local again = cookie.unmarshal(made:marshal())
  say_ok("parsed", again ~= nil)
  say("setCookie", again:marshal())
  response.set_body("first")
  say("body", response.get_body())
end

local function share_data()
  local bytes = {}
  for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
  local binary = table.concat(bytes)
  say("count", cluster.count_key("e/"))
  cluster.put_binary("e/b", binary)
  say_ok("binary", cluster.get_binary("e/b") == binary)
  say("none", cluster.get_string("e/none"))
  cluster.put_string("e/zwölf", "时间 😀")
  say("string", cluster.get_string("e/zwölf"))
  cluster.put_integer("e/i", math.mininteger)
  say("integer", cluster.get_integer("e/i"))
  cluster.put_integer("e/i", 40)
  say("sum", cluster.add_integer("e/i", -3))
  cluster.put_float("e/f", 0.5)
  say_ok("float", cluster.get_float("e/f") == 0.5)
  say_ok("floatSum", cluster.add_float("e/f", 1.25) == 1.75)
  say("count", cluster.count_key("e/"))
  cluster.delete("e/f")
  cluster.delete("e/none")
  say("count", cluster.count_key("e/"))
end

local function every()
  read_request()
  change_request()
  change_response()
  share_data()
  add_tag("tag é")
  log.debug("every debug")
  log.info("every info")
  log.warn("every warning")
  log.error("every error")
  say_ok("now", now() > 1600000000000)
  local number = rand()
  say_ok("rand", number >= 0 and number < 1)
  say("date", parse_date("2026-11-27 20:00", "Europe/Berlin"))
  say("parameters", table.concat(given, "|"))
  say_ok("number", ratio == 0.5)
  response.set_body(table.concat(out))
end

local function depth(n) return 1 + depth(n + 1) end

local misbehave = {
  loop = function() while true do end end,
  recurse = function() depth(1) end,
  grow = function()
    local all = {}
    while true do all[#all + 1] = string.rep("x", 1 << 20) .. #all end
  end,
  exception = function() error("thrown by every") end,
}

local outside = { file = io, environment = os }

function run()
  local mode = request.get_header("X-Mode")
  local key = request.get_header("X-Key")
  out = {}
  if mode == "every" then
    every()
  elseif mode == "put" then
    cluster.put_string(key, request.get_header("X-Value"))
    response.set_body(key)
  elseif mode == "get" then
    response.set_body(cluster.get_string(key))
  else
    if misbehave[mode] then misbehave[mode]() end
    response.set_body(outside[mode] and "there" or "none")
  end
  return 0
end
