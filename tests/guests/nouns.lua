-- SPDX-License-Identifier: Apache-2.0
-- Calls each function of a script and throws if one does not do what it should.

local function show(value)
  if type(value) ~= "table" then return string.format("%q", value) end
  local keys, texts = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do texts[i] = key .. ":" .. show(value[key]) end
  return "{" .. table.concat(texts, ",") .. "}"
end

local function same(got, expected)
  if show(got) ~= show(expected) then
    error("got " .. show(got) .. ", expected " .. show(expected), 2)
  end
end

local drawn

function init(given)
  same(given.a, "ä")
  drawn = { rand(), math.random(), math.random(6), math.random(-1, 1) }
end

local function requests()
  same(request.get_real_ip(), "127.0.0.1")
  same(request.get_scheme(), "http")
  same(request.get_proto(), "HTTP/1.1")
  same(request.get_method(), "POST")
  same(request.get_path(), "/x y")
  same(request.get_escaped_path(), "/x%20y")
  same(request.get_query(), "q=1")
  same(request.get_fragment(), "")
  same(request.get_host():sub(1, 9), "127.0.0.1")
  same(request.get_header("X-Name"), "value")
  same(request.get_header("X-None"), "")
  same(request.get_all_header()["X-Name"] or request.get_all_header()["x-name"], { "value" })
  same(request.get_cookie("sid").value, "abc")
  same(request.get_cookie("none"), nil)
  local pairs_of = {}
  for i, one in ipairs(request.get_all_cookie()) do pairs_of[i] = one:pair() end
  same(pairs_of, { "sid=abc", "b=c" })
  same(request.get_body(), "\xff\0A\xc3\xa4")
  request.set_body(request.get_body())
  same(request.get_body(), "\xff\0A\xc3\xa4")
  request.set_body(42)
  same(request.get_body(), "42")
  request.set_method("PUT")
  same(request.get_method(), "PUT")
  request.set_host("example.com")
  same(request.get_host(), "example.com")
  request.set_path("/z")
  same(request.get_path(), "/z")
  request.set_query("a=b")
  same(request.get_query(), "a=b")
  request.set_header("X-A", "1")
  request.add_header("X-A", "2")
  same(request.get_all_header()["X-A"], { "1", "2" })
  request.del_header("X-A")
  same(request.get_header("X-A"), "")
  request.add_cookie({ name = "c", value = "d" })
  same(request.get_cookie("c").value, "d")
  request.set_all_header({ ["X-B"] = { "1", "2" } })
  same(request.get_all_header(), { ["X-B"] = { "1", "2" } })
end

local function responses()
  same(response.get_status_code(), 200)
  response.set_status_code(201)
  same(response.get_status_code(), 201)
  response.set_body("ä")
  same(response.get_body(), "\xc3\xa4")
  response.set_all_header({ ["X-C"] = "1" })
  response.add_header("X-C", "2: b")
  same(response.get_all_header()["X-C"], { "1", "2: b" })
  response.set_header("X-C", "3")
  same(response.get_header("X-C"), "3")
  response.del_header("X-C")
  same(response.get_header("X-C"), "")
  response.set_cookie(cookie.Cookie("a", "b", { path = "/", http_only = true, same_site = cookie.SameSite.LaxMode }))
  same(response.get_header("Set-Cookie"), "a=b; Path=/; HttpOnly; SameSite=Lax")
  local read = cookie.unmarshal("a = b=c ; Max-Age=0; SECURE; samesite=none; Path=/x")
  same(read:marshal(), "a=b=c; Path=/x; Max-Age=0; Secure; SameSite=None")
end

local function data()
  same(cluster.get_string("s"), "")
  cluster.put_string("s", "zoë \xff")
  same(cluster.get_string("s"), "zoë \xff")
  cluster.put_binary("b", "\0\xff")
  same(cluster.get_binary("b"), "\0\xff")
  cluster.put_string("long", ("x"):rep(100000) .. "y")
  same(cluster.get_string("long"), ("x"):rep(100000) .. "y")
  cluster.put_integer("i", math.maxinteger)
  same(cluster.get_integer("i"), math.maxinteger)
  same(cluster.add_integer("i", -1), 0x7ffffffffffffffe)
  cluster.put_integer("i", 40.0)
  same(cluster.add_integer("i", 2), 42)
  cluster.put_float("f", 0.5)
  same(cluster.add_float("f", 0.25), 0.75)
  same(cluster.get_float("f"), 0.75)
  same(cluster.count_key(""), 5)
end

local function refused(pattern, call, ...)
  local good, why = pcall(call, ...)
  same({ good, why:match(pattern) ~= nil, why:match("^script:%d+: ") ~= nil }, { false, true, true })
end

local function refusals()
  refused("argument 1 is no text", function() cluster.put_string(nil, "") end)
  refused("argument 2 is no text", function() cluster.put_string("a", {}) end)
  refused("argument 2 is no integer", function() cluster.put_integer("a", 0.5) end)
  refused("argument 2 is no number", function() cluster.put_float("a", "x") end)
  refused("no name of a cookie", function() response.set_cookie({ name = "a b" }) end)
  refused("no name of a header", function() request.set_all_header({ ["a:b"] = "c" }) end)
  refused("no such interval", function() math.random(2, 1) end)
  for _ = 1, 1000 do
    same(select(2, pcall(error, "x", 0)), "x")
  end
end

local function dates()
  same(parse_date("1970-01-01"), 0)
  same(parse_date("2021-08-08T00:00:00+00:00"), 1628380800000)
  same(parse_date("2021-08-08 02:30:00.1239+0230"), 1628380800123)
  same(parse_date(" 2024-02-29T12:00Z "), 1709208000000)
  same(parse_date("2024-03-01"), 1709251200000)
  same(parse_date("1969-12-31T23:59:59-00"), -1000)
  for _, text in ipairs({ "", "2023-02-29", "2021-13-01", "2021-08-08T24:00", "2021-08-08x", "2021-08-08T1" }) do
    refused("is no time", function() parse_date(text) end)
  end
end

local function sandbox()
  for _, name in ipairs({ "io", "os", "package", "require", "dofile", "loadfile", "warn" }) do same(_G[name], nil) end
  same({ string.dump, math.randomseed, debug.sethook, debug.getregistry }, {})
  same(load("return 1 + 1")(), 2)
  same({ load("\27Lua", "x", "b") }, { nil, "x: a script loads no bytecode" })
  same(type(debug.traceback("a")), "string")
  same(utf8.len("zoë"), 3)
  same(coroutine.wrap(function() coroutine.yield(7) end)(), 7)
end

function run()
  requests()
  responses()
  data()
  refusals()
  dates()
  sandbox()
  same(params.a, "ä")
  log.debug("nouns", 1, nil, true)
  print("nouns")
  add_tag("nouns")
  same(rand() < 1 and math.random() < 1 and now() > 1600000000000, true)
  same(math.type(now()), "integer")
  same(drawn[3] >= 1 and drawn[3] <= 6 and drawn[4] >= -1 and drawn[4] <= 1, true)
end
