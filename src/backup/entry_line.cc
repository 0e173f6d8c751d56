// SPDX-License-Identifier: Apache-2.0
#include "backup/entry_line.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/encoding.h"
#include "base/json.h"
#include "base/json_string.h"
#include "base/utf8.h"

namespace sluice::backup {
namespace {

// Appends `"key":"..."`, or `"key64":"..."` with base64 if the bytes are not text.
void append_member(std::string_view name, std::string_view bytes, std::string& out) {
  const bool text = is_utf8(bytes);
  out += '"';
  out += name;
  out += text ? "\":" : "64\":";
  append_json_string(text ? bytes : base64_encode(bytes), out);
}

// Takes `prefix`, then the text up to the next quote. Accepts only text without escapes.
bool take_simple(std::string_view& line, std::string_view prefix, std::string& out) {
  if (!line.starts_with(prefix)) return false;
  line.remove_prefix(prefix.size());
  const std::size_t end = line.find('"');
  if (end == std::string_view::npos) return false;
  const std::string_view text = line.substr(0, end);
  const bool simple =
      std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f && c != '\\'; });
  line.remove_prefix(end);
  out = text;
  return simple;
}

// Parses the form of nearly all entries, without the JSON parser.
bool parse_simple(std::string_view line, std::string& key, std::string& value) {
  return take_simple(line, R"({"key":")", key) && take_simple(line, R"(","value":")", value) &&
         line == R"("})";
}

// The value of the member `name`, or the decoded value of `name`64.
std::optional<std::string> bytes_at(const Json& object, const std::string& name) {
  const auto text = object.find(name);
  if (text != object.end()) {
    return text->is_string() ? std::optional(text->get<std::string>()) : std::nullopt;
  }
  const auto encoded = object.find(name + "64");
  if (encoded == object.end() || !encoded->is_string()) return std::nullopt;
  return base64_decode(encoded->get_ref<const std::string&>());
}

}  // namespace

void append_entry_line(std::string_view key, std::string_view value, std::string& out) {
  out += '{';
  append_member("key", key, out);
  out += ',';
  append_member("value", value, out);
  out += "}\n";
}

bool parse_entry_line(std::string_view line, std::string& key, std::string& value) {
  if (parse_simple(line, key, value)) return true;
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object() || object.size() != 2) return false;
  auto a = bytes_at(object, "key");
  auto b = bytes_at(object, "value");
  if (!a || !b) return false;
  key = *std::move(a);
  value = *std::move(b);
  return true;
}

}  // namespace sluice::backup
