// SPDX-License-Identifier: Apache-2.0
#include "base/glob.h"

namespace sluice {
namespace {

// The size of the first element of a pattern: a set, an escape, or one octet. 0: not well formed.
std::size_t element_size(std::string_view pattern) {
  if (pattern.front() == '\\') return pattern.size() > 1 ? 2 : 0;
  if (pattern.front() != '[') return 1;
  std::size_t at = pattern.starts_with("[^") ? 2 : 1;
  const std::size_t first = at;
  while (at < pattern.size() && (pattern[at] != ']' || at == first))
    at += pattern[at] == '\\' ? 2 : 1;
  return at < pattern.size() ? at + 1 : 0;
}

char take_member(std::string_view& set) {
  if (set.front() == '\\' && set.size() > 1) set.remove_prefix(1);
  const char member = set.front();
  set.remove_prefix(1);
  return member;
}

bool set_has(std::string_view set, char c) {
  const bool inverted = set.starts_with('^');
  if (inverted) set.remove_prefix(1);
  const auto value = static_cast<unsigned char>(c);
  while (!set.empty()) {
    const char low = take_member(set);
    char high = low;
    if (set.size() > 1 && set.front() == '-') {
      set.remove_prefix(1);
      high = take_member(set);
    }
    if (static_cast<unsigned char>(low) <= value && value <= static_cast<unsigned char>(high))
      return !inverted;
  }
  return inverted;
}

bool element_fits(std::string_view element, char c) {
  if (c == '/') return element == "/" || element == "\\/";
  if (element.front() == '\\') return element[1] == c;
  if (element.front() == '[') return set_has(element.substr(1, element.size() - 2), c);
  return element == "?" || element.front() == c;
}

}  // namespace

bool is_glob(std::string_view pattern) {
  while (!pattern.empty()) {
    const std::size_t size = element_size(pattern);
    if (size == 0) return false;
    pattern.remove_prefix(size);
  }
  return true;
}

// After a mismatch, the last star takes one octet more. An earlier one need not: a star that is
// followed by another one may be as short as possible, and none passes a slash.
bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  std::size_t p = 0;
  while (at < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      resume = at;
      continue;
    }
    const std::size_t size = p < pattern.size() ? element_size(pattern.substr(p)) : 0;
    if (size > 0 && at < text.size() && element_fits(pattern.substr(p, size), text[at])) {
      p += size;
      ++at;
      continue;
    }
    if (star == std::string_view::npos || resume >= text.size() || text[resume] == '/')
      return false;
    p = star;
    at = ++resume;
  }
  return true;
}

}  // namespace sluice
