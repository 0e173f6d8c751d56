// SPDX-License-Identifier: Apache-2.0
#include "config/emit_flow.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "config/emit.h"

namespace sluice::config {
namespace {

// Every number, boolean and null of the core schema is such a scalar, and none of these means
// anything else inside brackets.
bool may_stay_plain(std::string_view text) {
  const std::size_t sign = text.find_first_not_of("+-.");
  if (sign > 2 || !is_alphanumeric(text[sign])) return false;
  if (!is_alphanumeric(text.back()) && text.back() != '.') return false;
  return std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || std::string_view("+-._:").find(c) != std::string_view::npos;
  });
}

void append_flow(const Value& value, std::string& out) {
  std::string_view separator;
  switch (value.kind) {
    case Value::Kind::null:
      out += "null";
      break;
    case Value::Kind::scalar:
      out +=
          !value.quoted && may_stay_plain(value.scalar) ? value.scalar : yaml_quoted(value.scalar);
      break;
    case Value::Kind::sequence:
      out += '[';
      for (const Value& item : value.items) {
        out += separator;
        append_flow(item, out);
        separator = ", ";
      }
      out += ']';
      break;
    case Value::Kind::map:
      out += '{';
      for (const Value::Member& member : value.members) {
        out += separator;
        out += "? ";  // a long key needs it
        out += yaml_quoted(member.key);
        out += " : ";
        append_flow(member.value, out);
        separator = ", ";
      }
      out += '}';
      break;
  }
}

}  // namespace

std::string emit_flow(const Value& document) {
  std::string out;
  append_flow(document, out);
  return out;
}

}  // namespace sluice::config
