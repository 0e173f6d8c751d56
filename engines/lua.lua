-- SPDX-License-Identifier: Apache-2.0
-- The part of the Lua SDK that is written in Lua. It is called with the functions that only it may use.
local native = ...

-- There are no files, no processes and no bytecode. The VMs of a filter begin as copies of one, so a
-- generator of their own would repeat itself.
dofile, loadfile, warn, string.dump, math.randomseed = nil
debug = { traceback = native.traceback }

local function random_bits() return (rand() * 0x1p32 // 1 | 0) << 32 | (rand() * 0x1p32 // 1 | 0) end

function math.random(low, high)
  if not low then return rand() end
  if not high and math.tointeger(low) == 0 then return random_bits() end
  if not high then low, high = 1, low end
  low, high = math.tointeger(low), math.tointeger(high)
  if not low or not high or low > high then native.raise("math.random: no such interval") end
  local span = high - low -- of an unsigned integer
  if math.ult(span, 1 << 52) then return low + (rand() * (span + 1.0) // 1 | 0) end
  local mask = span
  for shift = 0, 5 do mask = mask | mask >> (1 << shift) end
  local value
  repeat value = random_bits() & mask until not math.ult(span, value)
  return low + value
end

-- "Name: value\r\n" for every value. A value may contain colons.
local function read_headers(text)
  local headers = {}
  for name, value in text:gmatch("([^:\r\n]+):[ \t]*([^\r\n]*)") do
    local values = headers[name]
    if not values then
      values = {}
      headers[name] = values
    end
    values[#values + 1] = value:match("^(.-)[ \t]*$")
  end
  return headers
end

local function write_headers(headers)
  local names, lines = {}, {}
  for name in pairs(headers) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    if name:find("[\r\n:]") then native.raise("no name of a header: " .. name) end
    local values = headers[name]
    for _, value in ipairs(type(values) == "table" and values or { values }) do
      lines[#lines + 1] = name .. ": " .. tostring(value):gsub("[\r\n]", " ") .. "\r\n"
    end
  end
  return table.concat(lines)
end

local SameSite = { DefaultMode = 0, LaxMode = 1, StrictMode = 2, NoneMode = 3 }
local same_site_names = { "Lax", "Strict", "None" }
local function clean(text) return (tostring(text):gsub("[%c;]", "")) end

local fields_of_cookie = {
  name = "", value = "", path = "", domain = "", expires = "", max_age = 0,
  secure = false, http_only = false, same_site = SameSite.DefaultMode,
}
local names_of_fields = "name, value, path, domain, expires, max_age, secure, http_only, same_site"
local function field_of_cookie(key) return key == "raw_expires" and "expires" or key end  -- the older name

local Cookie = {}
function Cookie.__index(cookie, key)
  key = field_of_cookie(key)
  local value = rawget(cookie, key)
  if value == nil then value = fields_of_cookie[key] end
  if value == nil then value = rawget(Cookie, key) end
  return value
end
function Cookie.__newindex(cookie, key, value)
  key = field_of_cookie(key)
  if fields_of_cookie[key] == nil then
    native.raise("a cookie has no field " .. tostring(key) .. ": " .. names_of_fields)
  end
  rawset(cookie, key, value)
end

local function seconds(given)
  if type(given) ~= "number" or given ~= given or given >= 1e15 or given <= -1e15 then
    native.raise("max_age of a cookie is " .. tostring(given) .. ", and no number of seconds")
  end
  return given // 1 | 0
end

-- One of SameSite, or its name.
local function same_site_of(given)
  for mode, name in ipairs(same_site_names) do
    if given == mode or tostring(given):lower() == name:lower() then return name end
  end
  native.raise("same_site of a cookie is " .. tostring(given) .. ": use Lax, Strict or None")
end

function Cookie:pair()
  if not self.name:find("^[!#$%%&'*+.^_`|~0-9A-Za-z-]+$") then native.raise("no name of a cookie: " .. self.name) end
  return self.name .. "=" .. clean(self.value)
end

function Cookie:marshal()
  local text = self:pair()
  if self.path ~= "" then text = text .. "; Path=" .. clean(self.path) end
  if self.domain ~= "" then text = text .. "; Domain=" .. clean(self.domain) end
  if self.expires ~= "" then text = text .. "; Expires=" .. clean(self.expires) end
  if self.max_age ~= 0 then text = text .. "; Max-Age=" .. math.max(seconds(self.max_age), 0) end
  if self.secure then text = text .. "; Secure" end
  if self.http_only then text = text .. "; HttpOnly" end
  if self.same_site ~= 0 then text = text .. "; SameSite=" .. same_site_of(self.same_site) end
  return text
end

local function new_cookie(name, value, attributes)
  local made = setmetatable({ name = tostring(name or ""), value = tostring(value or "") }, Cookie)
  for key, attribute in pairs(attributes or {}) do made[key] = attribute end
  return made
end

local attributes_of = {
  path = function(cookie, value) cookie.path = value end,
  domain = function(cookie, value) cookie.domain = value end,
  expires = function(cookie, value) cookie.expires = value end,
  ["max-age"] = function(cookie, value)
    local seconds = value:find("^-?%d+$") and math.tointeger(tonumber(value))
    if seconds then cookie.max_age = seconds > 0 and seconds or -1 end
  end,
  secure = function(cookie) cookie.secure = true end,
  httponly = function(cookie) cookie.http_only = true end,
  samesite = function(cookie, value)
    for mode, name in ipairs(same_site_names) do
      if name:lower() == value:lower() then cookie.same_site = mode end
    end
  end,
}

local function trim(text) return text:match("^%s*(.-)%s*$") end

local function unmarshal(text)
  local pair, rest = tostring(text):match("^([^;]*)(.*)$")
  local name, value = pair:match("^%s*([^=]-)%s*=(.*)$")
  if not name or name == "" then return nil end
  local made = new_cookie(name, trim(value))
  for attribute in rest:gmatch("[^;]+") do
    local key, given = attribute:match("^([^=]*)=?(.*)$")
    local set = attributes_of[trim(key):lower()]
    if set then set(made, trim(given)) end
  end
  return made
end

local function as_cookie(given)
  if type(given) ~= "table" then native.raise("no cookie: " .. tostring(given)) end
  if getmetatable(given) == Cookie then return given end
  return new_cookie(given.name, given.value, given)
end

local function as_text(given)
  if not given:find("^[!#$%%&'*+.^_`|~0-9A-Za-z-]+=") then
    native.raise("no cookie: " .. given .. ". Write name=value")
  end
  return given
end

function request.get_all_header() return read_headers(native.request_headers()) end
function request.set_all_header(headers) native.set_request_headers(write_headers(headers)) end
function request.get_cookie(name) return unmarshal(native.cookie(name)) end
function request.get_all_cookie()
  local all = {}
  for _, text in ipairs(native.cookies()) do all[#all + 1] = unmarshal(text) end
  return all
end
function request.add_cookie(given)
  native.add_cookie(type(given) == "string" and as_text(given) or as_cookie(given):pair())
end
function response.get_all_header() return read_headers(native.response_headers()) end
function response.set_all_header(headers) native.set_response_headers(write_headers(headers)) end
function response.set_cookie(given)
  native.set_cookie(type(given) == "string" and as_text(given) or as_cookie(given):marshal())
end

local kShownDepth <const>, kShownItems <const> = 4, 100

-- A table as its constructor, in the order of its keys.
local function show(value, depth)
  if type(value) == "string" and depth > 0 then return string.format("%q", value) end
  local meta = getmetatable(value)
  if type(value) ~= "table" or (type(meta) == "table" and meta.__tostring) then return tostring(value) end
  if depth >= kShownDepth then return "{…}" end
  local keys, shown = {}, {}
  for key in next, value do
    if math.type(key) ~= "integer" or key < 1 or key > #value then keys[#keys + 1] = key end
    if #keys >= kShownItems then break end
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i = 1, math.min(#value, kShownItems) do shown[i] = show(value[i], depth + 1) end
  for _, key in ipairs(keys) do
    local name = type(key) == "string" and key:find("^[%a_][%w_]*$") and key or "[" .. show(key, depth + 1) .. "]"
    shown[#shown + 1] = name .. " = " .. show(rawget(value, key), depth + 1)
  end
  return "{" .. table.concat(shown, ", ") .. "}"
end

local function log_at(level)
  return function(...)
    local texts = {}
    for i = 1, select("#", ...) do texts[i] = show((select(i, ...)), 0) end
    native.log(level, table.concat(texts, " "))
  end
end

cookie = { Cookie = new_cookie, SameSite = SameSite, unmarshal = unmarshal }
log = setmetatable(
  { debug = log_at(0), info = log_at(1), warn = log_at(2), error = log_at(3) },
  { __call = function(self, ...) self.info(...) end }
)
print = log.info
params = {}

-- Milliseconds since 1970. `zone` is the name of the zone of a text that has none.
function parse_date(text, zone) return native.parse_date(tostring(text), zone or "") end

local function ask(name, kind, otherwise)
  if otherwise == nil then return native.parameter(name, kind) end
  return native.parameter_or(name, kind, tostring(otherwise))
end

-- The parameters by name and type. The gateway checks the values, and refuses others.
parameter = {
  text = function(name, otherwise) return ask(name, "text", otherwise) end,
  integer = function(name, otherwise) return math.tointeger(ask(name, "integer", otherwise)) end,
  number = function(name, otherwise) return tonumber(ask(name, "number", otherwise)) + 0.0 end,
  boolean = function(name, otherwise) return ask(name, "boolean", otherwise) == "true" end,
  duration = function(name, otherwise) return math.tointeger(ask(name, "duration", otherwise)) end,
  time = function(name, otherwise) return math.tointeger(ask(name, "time", otherwise)) end,
}
