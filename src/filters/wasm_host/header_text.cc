// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/header_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kShownLineBytesMax = 60;

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

// Some fields of a list.
struct FieldCount {
  std::size_t fields = 0;
  std::size_t bytes = 0;
};

std::size_t bytes_of(std::string_view name, std::string_view value) {
  return name.size() + value.size();
}

// All of them but those named `replaced`.
FieldCount count_others(const http::Headers& headers, std::string_view replaced) {
  FieldCount count;
  for (const http::Field& field : headers) {
    if (http::iequals(field.name, replaced)) continue;
    ++count.fields;
    count.bytes += bytes_of(field.name, field.value);
  }
  return count;
}

// The lengths come first: what they refuse is not read.
Result<void> check_room(std::string_view name, std::string_view value) {
  if (bytes_of(name, value) <= kGuestFieldBytesMax) return {};
  return fail(ErrorKind::too_large, "a header field of more than 1 MiB");
}

// `others`: the fields beside which it is to stand.
Result<void> check_field(const FieldCount& others, std::string_view name, std::string_view value) {
  if (!http::is_token(name)) return fail(ErrorKind::invalid, quote(name) + " is not a header name");
  if (!http::is_field_value(value)) {
    return fail(ErrorKind::invalid,
                "the value of header " + quote(name) + " has control characters");
  }
  if (others.fields >= kGuestFieldsMax)
    return fail(ErrorKind::too_large, "more than 1000 header fields");
  if (others.bytes + bytes_of(name, value) > kGuestFieldBytesMax)
    return fail(ErrorKind::too_large, "more than 1 MiB of header fields");
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
  SLUICE_CHECK(check_room(name, value));
  SLUICE_CHECK(check_field(count_others(headers, name), name, value));
  headers.set(http::canonical_name(name), value);
  return {};
}

Result<void> add_field(http::Headers& headers, std::string_view name, std::string_view value) {
  SLUICE_CHECK(check_room(name, value));
  SLUICE_CHECK(check_field(count_others(headers, ""), name, value));
  headers.add(http::canonical_name(name), value);
  return {};
}

Result<void> GuestFields::add(std::string_view name, std::string_view value) {
  SLUICE_CHECK(check_room(name, value));
  SLUICE_CHECK(check_field({fields_.size(), bytes_}, name, value));
  fields_.add(http::canonical_name(name), value);
  bytes_ += bytes_of(name, value);
  return {};
}

Result<http::Headers> parse_header_text(std::string_view text) {
  GuestFields fields;
  if (!text.empty() && !text.ends_with("\r\n"))
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
    SLUICE_CHECK(fields.add(line.substr(0, colon), value));
  }
  return fields.take();
}

}  // namespace sluice::filters
