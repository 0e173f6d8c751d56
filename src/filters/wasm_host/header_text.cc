// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/header_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kShownLineBytesMax = 60;
constexpr std::size_t kFieldsMax = 1000;

// Removes the next line from `text` and returns it. Requires: `text` ends in LF.
std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string quote(std::string_view text) {
  return "\"" + std::string(text.substr(0, kShownLineBytesMax)) + "\"";
}

Result<void> check_field(const http::Headers& headers, std::string_view name,
                         std::string_view value) {
  if (!http::is_token(name)) return fail(ErrorKind::invalid, quote(name) + " is not a header name");
  if (!http::is_field_value(value)) {
    return fail(ErrorKind::invalid,
                "the value of header " + quote(name) + " has control characters");
  }
  if (headers.size() >= kFieldsMax)
    return fail(ErrorKind::too_large, "more than 1000 header fields");
  return {};
}

}  // namespace

std::string to_header_text(const http::Headers& headers) {
  std::vector<std::pair<std::string, std::string_view>> fields;
  fields.reserve(headers.size());
  for (const http::Field& field : headers)
    fields.emplace_back(http::canonical_name(field.name), field.value);
  std::stable_sort(fields.begin(), fields.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  for (const auto& [name, value] : fields) {
    text += name;
    text += ": ";
    text += value;
    text += "\r\n";
  }
  return text;
}

Result<void> set_field(http::Headers& headers, std::string_view name, std::string_view value) {
  SLUICE_CHECK(check_field(headers, name, value));
  headers.set(http::canonical_name(name), value);
  return {};
}

Result<void> add_field(http::Headers& headers, std::string_view name, std::string_view value) {
  SLUICE_CHECK(check_field(headers, name, value));
  headers.add(http::canonical_name(name), value);
  return {};
}

Result<http::Headers> parse_header_text(std::string_view text) {
  http::Headers headers;
  if (text.empty()) return headers;
  if (!text.ends_with("\r\n"))
    return fail(ErrorKind::invalid, "the header text does not end in CR LF");
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
      return fail(ErrorKind::invalid, "header line " + quote(line) + " has no colon");
    }
    std::string value(trim_ows(line.substr(colon + 1)));
    while (text.starts_with(' ') || text.starts_with('\t')) {
      value += ' ';
      value += trim_ows(next_line(text));
    }
    SLUICE_CHECK(add_field(headers, line.substr(0, colon), value));
  }
  return headers;
}

}  // namespace sluice::filters
