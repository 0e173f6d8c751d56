// SPDX-License-Identifier: Apache-2.0
#include "http/h1/line.h"

#include <algorithm>
#include <cstring>

#include "http/chars.h"
#include "http/headers.h"

namespace sluice::http::h1 {

LineReader::Found LineReader::next(std::string_view input, std::size_t bytes_max) {
  const std::size_t limit = std::min(input.size(), bytes_max);
  const std::size_t from = std::min(scanned_, limit);
  const void* const at = limit == from ? nullptr : std::memchr(&input[from], '\n', limit - from);
  if (at == nullptr) {
    scanned_ = limit;
    return input.size() >= bytes_max ? Found::too_long : Found::need_more;
  }
  scanned_ = 0;
  const auto end = static_cast<std::size_t>(static_cast<const char*>(at) - input.data());
  if (end == 0 || input[end - 1] != '\r') return Found::bad_end;
  line_ = input.substr(0, end - 1);
  return Found::line;
}

Fault parse_field_line(std::string_view line, FieldLine& field, SpaceBeforeColon policy) {
  std::size_t colon = 0;
  while (colon < line.size() && is_in(kTokenChars, line[colon])) ++colon;
  if (colon == line.size()) return {400, "field line without a colon"};
  const bool space = line[colon] == ' ' || line[colon] == '\t';
  if (colon == 0 && space) return {400, "folded field line"};  // RFC 9112 5.2
  if (colon == 0) return {400, "empty or invalid field name"};
  if (space && policy == SpaceBeforeColon::refuse) return {400, "space in or after a field name"};
  field.name = line.substr(0, colon);
  field.spaced = space;
  while (colon < line.size() && (line[colon] == ' ' || line[colon] == '\t')) ++colon;
  if (colon == line.size() || line[colon] != ':') return {400, "invalid character in a field name"};
  field.value = trim_ows(line.substr(colon + 1));
  if (!is_field_value(field.value)) return {400, "control character in a field value"};
  return {};
}

}  // namespace sluice::http::h1
