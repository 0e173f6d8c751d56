// SPDX-License-Identifier: Apache-2.0
#include "config/lexical.h"

#include <algorithm>
#include <vector>

namespace sluice::config {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::size_t end_of_line(std::string_view text, std::size_t at) {
  const std::size_t end = text.find('\n', at);
  return end == text.npos ? text.size() : end;
}

// Past white space, comments, tags (!x) and anchors (&x).
std::size_t skip_properties(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (kSpace.find(text[at]) != kSpace.npos) {
      ++at;
    } else if (text[at] == '#') {
      at = end_of_line(text, at);
    } else if (text[at] == '!' || text[at] == '&') {
      at = std::min(text.find_first_of(kSpace, at), text.size());
    } else {
      break;
    }
  }
  return at;
}

// Past the closing quote of the scalar that begins at `at`; npos if there is none.
std::size_t skip_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at++];
  while (at < text.size()) {
    const bool escape = quote == '"' ? text[at] == '\\' : text.substr(at, 2) == "''";
    if (!escape && text[at] == quote) return at + 1;
    at += escape ? 2 : 1;
  }
  return text.npos;
}

// A quote opens a scalar, and a # a comment, only behind these.
bool begins_token(std::string_view text, std::size_t at) {
  return at == 0 || (std::string_view("[{,:?").find(text[at - 1]) != text.npos) ||
         kSpace.find(text[at - 1]) != kSpace.npos;
}

}  // namespace

std::optional<char> unclosed_quote(std::string_view text, std::size_t at) {
  at = skip_properties(text, at);
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return std::nullopt;
  return skip_quoted(text, at) == text.npos ? std::optional(text[at]) : std::nullopt;
}

std::optional<std::size_t> open_quote(std::string_view text, std::size_t at) {
  const std::size_t first = skip_properties(text, at);
  if (first < text.size() && text[first] != '"' && text[first] != '\'') {
    // A plain scalar may hold quotes: it's, 5" …
    at = std::min({text.find('\n', first), text.find(": ", first), text.find(", ", first),
                   text.find(":\n", first), text.size()});
  }
  while (at < text.size()) {
    const bool begins = begins_token(text, at);
    if (begins && text[at] == '#') {
      at = end_of_line(text, at);
    } else if (begins && (text[at] == '"' || text[at] == '\'')) {
      const std::size_t end = skip_quoted(text, at);
      if (end == text.npos || end > text.size()) return at;
      at = end;
    } else {
      ++at;
    }
  }
  return std::nullopt;
}

std::size_t bracket_depth(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if ((c == ']' || c == '}') && depth > 0) --depth;
  }
  return deepest;
}

std::optional<std::size_t> unclosed_bracket(std::string_view text, std::size_t at) {
  std::vector<std::size_t> open;
  at = skip_properties(text, at);
  while (at < text.size()) {
    const char c = text[at];
    if ((c == '"' || c == '\'') && begins_token(text, at)) {
      at = skip_quoted(text, at);
      continue;
    }
    if (c == '#' && begins_token(text, at)) at = end_of_line(text, at);
    if (c == '[' || c == '{') open.push_back(at);
    if (c == ']' || c == '}') open.pop_back();
    if (open.empty()) return std::nullopt;
    ++at;
  }
  return open.empty() ? std::nullopt : std::optional(open.back());
}

}  // namespace sluice::config
