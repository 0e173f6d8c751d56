// SPDX-License-Identifier: Apache-2.0
#include "admin/data/slow_entries.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/encoding.h"
#include "config/faults.h"
#include "config/value.h"

namespace sluice::admin {
namespace {

using config::Value;

constexpr config::ParseLimits kLimits{.bytes_max = 32 << 20};
constexpr std::string_view kBehindKey = ": !!binary ";
constexpr std::string_view kLine = "line ";

// Corrects the line number in "line 2, column 7: ..." for a text that begins at `first_line`.
std::unexpected<Error> at_true_line(Error error, std::size_t first_line) {
  std::string_view rest = error.message;
  std::size_t line = 0;
  if (!rest.starts_with(kLine)) return at_line(first_line, std::move(error));
  rest.remove_prefix(kLine.size());
  std::from_chars(rest.data(), rest.data() + rest.size(), line);
  const std::string behind(rest.substr(std::min(rest.find(':'), rest.size())));
  error.message = std::string(kLine) + std::to_string(line + first_line - 1) + behind;
  return std::unexpected(std::move(error));
}

Result<void> add_value(const std::string& key, const Value& value, bool binary,
                       const AddEntry& add) {
  const auto wrong = [&](std::string_view reason) {
    return fail(ErrorKind::invalid, config::quote(key) + " " + std::string(reason));
  };
  switch (value.kind) {
    case Value::Kind::null:
      return wrong("has no value; write \"\" for an empty one");
    case Value::Kind::map:
      return wrong("is a map; a value is one text or number");
    case Value::Kind::sequence:
      return wrong("is a list; a value is one text or number");
    case Value::Kind::scalar:
      break;
  }
  if (!binary) return add(key, value.scalar);
  const std::optional<std::string> bytes = base64_decode(value.scalar);
  return bytes ? add(key, *bytes) : wrong("is not base64");
}

// The YAML parser does not know the tag. Blanks the tag out where it precedes the value: after
// `key: `, or on the line after `? key`.
bool take_binary_tag(std::string& text) {
  const bool long_key = text.starts_with("? ");
  const std::size_t colon = long_key ? text.find('\n') + 1 : text.find(": ");
  if (colon >= text.size() || !std::string_view(text).substr(colon).starts_with(kBehindKey)) {
    return false;
  }
  text.replace(colon + 2, kBehindKey.size() - 2, kBehindKey.size() - 2, ' ');
  return true;
}

}  // namespace

Result<void> parse_slow_entries(std::string_view text, std::size_t first_line,
                                const AddEntry& add) {
  std::string source(text);
  const bool binary = take_binary_tag(source);
  const auto document = config::parse_document(source, kLimits);
  if (!document) return at_true_line(document.error(), first_line);
  if (document->kind != Value::Kind::map) {
    return at_line(first_line, "not `key: value`, try: id/user1: \"true\"");
  }
  for (const auto& [key, value] : document->members) {
    const auto added = add_value(key, value, binary, add);
    if (!added) return at_line(first_line, added.error());
  }
  return {};
}

}  // namespace sluice::admin
