// SPDX-License-Identifier: Apache-2.0
#include "templates/rendered.h"

#include "base/text.h"

namespace sluice::templates {
namespace {

// U+E000 and U+E001, of private use.
constexpr std::string_view kMarkBegin = "\xee\x80\x80";
constexpr std::string_view kMarkEnd = "\xee\x80\x81";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

}  // namespace

std::string aside_mark(std::size_t index) {
  return std::string(kMarkBegin).append(std::to_string(index)).append(kMarkEnd);
}

std::string without_marks(std::string_view text) {
  std::string out(text);
  for (std::size_t at = 0; (at = out.find(kMarkBegin, at)) != std::string::npos;)
    out.replace(at, kMarkBegin.size(), kReplacement);
  return out;
}

void Rendered::restore(std::string& scalar) const {
  if (aside.empty() || scalar.find(kMarkBegin) == std::string::npos) return;
  std::string out;
  std::string_view rest = scalar;
  for (;;) {
    const std::size_t begin = rest.find(kMarkBegin);
    out += rest.substr(0, begin);
    if (begin == std::string_view::npos) break;
    rest.remove_prefix(begin + kMarkBegin.size());
    const std::size_t end = rest.find(kMarkEnd);
    const auto index = to_number<std::uint64_t>(rest.substr(0, end));
    if (!index || *index >= aside.size()) continue;
    out += aside[*index];
    rest.remove_prefix(end + kMarkEnd.size());
  }
  scalar = std::move(out);
}

}  // namespace sluice::templates
