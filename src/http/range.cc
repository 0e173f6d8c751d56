// SPDX-License-Identifier: Apache-2.0
#include "http/range.h"

#include <algorithm>
#include <limits>

#include "http/cache_control.h"
#include "http/headers.h"

namespace sluice::http {
namespace {

constexpr std::string_view kUnit = "bytes=";
constexpr ByteRange kNoPart{1, 0};

// Saturates. nullopt if `text` is not a number.
std::optional<std::uint64_t> number(std::string_view text) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value > kMax / 10 - 1 ? kMax : value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

}  // namespace

std::optional<ByteRange> parse_range(std::string_view value, std::uint64_t length) {
  if (!iequals(value.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  value.remove_prefix(kUnit.size());
  std::string_view only;
  std::size_t count = 0;
  for_each_element(value, [&](std::string_view element) {
    only = element;
    ++count;
  });
  const std::size_t dash = only.find('-');
  if (count != 1 || dash == std::string_view::npos) return std::nullopt;
  const std::string_view from = only.substr(0, dash);
  const std::string_view to = only.substr(dash + 1);
  const auto first = number(from);
  const auto last = number(to);
  if ((!first && !from.empty()) || (!last && !to.empty()) || (!first && !last)) return std::nullopt;
  if (!first) {  // a suffix range
    if (*last == 0 || length == 0) return kNoPart;
    return ByteRange{length - std::min(*last, length), length - 1};
  }
  if (last && *last < *first) return std::nullopt;
  if (*first >= length) return kNoPart;
  return ByteRange{*first, std::min(last.value_or(length - 1), length - 1)};
}

std::string content_range(const ByteRange& range, std::uint64_t length) {
  std::string text = "bytes ";
  if (range.satisfiable()) {
    text.append(std::to_string(range.first)).append("-").append(std::to_string(range.last));
  } else {
    text.append("*");
  }
  return text.append("/").append(std::to_string(length));
}

}  // namespace sluice::http
