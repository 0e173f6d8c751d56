// SPDX-License-Identifier: Apache-2.0
#include "templates/rendered.h"

#include "base/text.h"

namespace sluice::templates {
namespace {

// U+E000 and U+E001, of private use.
constexpr std::string_view kMarkBegin = "\xee\x80\x80";
constexpr std::string_view kMarkEnd = "\xee\x80\x81";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
constexpr std::string_view kScalarEnds = "acs";            // in the order of MarkEnd

}  // namespace

std::string mark_of(std::size_t index, MarkEnd scalar_end) {
  std::string mark(kMarkBegin);
  mark += kScalarEnds[static_cast<std::size_t>(scalar_end)];
  return mark.append(std::to_string(index)).append(kMarkEnd);
}

std::string without_marks(std::string_view text) {
  std::string out(text);
  for (std::size_t at = 0; (at = out.find(kMarkBegin, at)) != std::string::npos;)
    out.replace(at, kMarkBegin.size(), kReplacement);
  return out;
}

std::optional<Mark> find_mark(std::string_view text, std::size_t from) {
  Mark mark;
  mark.begin = text.find(kMarkBegin, from);
  if (mark.begin == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(mark.begin + kMarkBegin.size());
  const std::size_t end = rest.find(kMarkEnd);
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const auto index = to_number<std::uint64_t>(rest.substr(1, end - 1));
  const std::size_t scalar_end = kScalarEnds.find(rest.front());
  if (!index || scalar_end == std::string_view::npos) return std::nullopt;
  mark.end = mark.begin + kMarkBegin.size() + end + kMarkEnd.size();
  mark.index = *index;
  mark.scalar_end = static_cast<MarkEnd>(scalar_end);
  return mark;
}

}  // namespace sluice::templates
