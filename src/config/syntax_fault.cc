// SPDX-License-Identifier: Apache-2.0
#include "config/syntax_fault.h"

#include <yaml-cpp/exceptions.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.h"

namespace sluice::config {
namespace {

constexpr std::string_view kEnded = "the document has ended";  // of config/value.cc
constexpr auto kNowhere = std::string_view::npos;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// A line, without its end.
struct Line {
  std::size_t start = 0;
  std::string_view text{};

  // The column of the first character that is no blank.
  [[nodiscard]] std::size_t indent() const {
    return std::min(text.find_first_not_of(" \t"), text.size());
  }
  // The column behind the dashes of lists: `  - - key` has 6.
  [[nodiscard]] std::size_t content() const {
    std::size_t column = indent();
    while (column + 1 < text.size() && text[column] == '-' && is_blank(text[column + 1]))
      column = std::min(text.find_first_not_of(" \t", column + 1), text.size());
    return column;
  }
  [[nodiscard]] bool is_bare() const { return indent() == text.size() || text[indent()] == '#'; }
};

Line line_at(std::string_view text, std::size_t at) {
  const std::size_t before = at == 0 ? kNowhere : text.rfind('\n', at - 1);
  const std::size_t start = before == kNowhere ? 0 : before + 1;
  std::string_view line = text.substr(start, text.find('\n', start) - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return {start, line};
}

// The line before, without those that are empty or a comment.
std::optional<Line> line_before(std::string_view text, Line line) {
  while (line.start > 0) {
    line = line_at(text, line.start - 1);
    if (!line.is_bare()) return line;
  }
  return std::nullopt;
}

// A fault and what surrounds it.
struct Place {
  std::string_view text;
  std::size_t at;
  std::string_view words;
  Line line;
  std::optional<Line> before;

  [[nodiscard]] bool says(std::initializer_list<std::string_view> some) const {
    return std::ranges::any_of(some, [this](auto one) { return words.starts_with(one); });
  }
  [[nodiscard]] std::size_t column() const { return at - line.start; }
  // The text of the line before the fault.
  [[nodiscard]] std::string_view head() const { return line.text.substr(0, column()); }
};

using Found = std::optional<SyntaxFault>;

// The words of a parser that has met a line where it belongs to nothing.
bool is_structure(const Place& place) {
  return place.says({YAML::ErrorMsg::MAP_VALUE, YAML::ErrorMsg::MAP_KEY,
                     YAML::ErrorMsg::BLOCK_ENTRY, YAML::ErrorMsg::END_OF_MAP,
                     YAML::ErrorMsg::END_OF_SEQ, YAML::ErrorMsg::TAB_IN_INDENTATION});
}

Found tab(const Place& place) {
  const std::size_t column = place.line.text.find('\t');
  if (!is_structure(place) || column >= place.line.indent()) return {};
  return SyntaxFault{place.line.start + column,
                     "a tab stands before the text of the line: indent with blanks"};
}

SyntaxFault quote_it(std::size_t at, std::string_view first) {
  return {at, "quote a text that begins with " + std::string(first)};
}

// `*.example.com`, `@x` and others, which YAML takes for something else than text.
Found special_first(const Place& place) {
  using namespace YAML::ErrorMsg;
  if (place.says({UNKNOWN_ANCHOR, ALIAS_NOT_FOUND, CHAR_IN_ALIAS, ANCHOR_NOT_FOUND, CHAR_IN_ANCHOR,
                  CHAR_IN_BLOCK})) {
    const std::size_t at = place.text.find_last_of("*&|>", place.at);
    if (at == kNowhere || at < place.line.start) return {};
    return quote_it(at, place.text.substr(at, 1));
  }
  const bool single = place.says({UNKNOWN_TOKEN, MAP_KEY, END_OF_MAP, END_OF_SEQ});
  if (single && std::string_view("@`%?,").contains(place.text[place.at]))
    return quote_it(place.at, place.text.substr(place.at, 1));
  const std::size_t braces = place.text.substr(0, place.at + 2).rfind("{{");
  if (place.says({"a key must be text"}) && braces != kNowhere && braces + 1 >= place.at)
    return quote_it(braces, "{{");
  return {};
}

Found flow(const Place& place) {
  using namespace YAML::ErrorMsg;
  if (place.says({END_OF_MAP_FLOW}))
    return SyntaxFault{place.at, "a comma is missing before this, or the } of the map"};
  if (place.says({END_OF_SEQ_FLOW}))
    return SyntaxFault{place.at, "a comma is missing before this, or the ] of the list"};
  if (!place.says({FLOW_END})) return {};
  const bool map = place.text[place.at] == '}';
  return SyntaxFault{place.at, map ? "no { is open before this }; quote it if it is text"
                                   : "no [ is open before this ]; quote it if it is text"};
}

Found escape(const Place& place) {
  const std::size_t at = place.text.rfind('\\', place.at);
  if (!place.says({YAML::ErrorMsg::INVALID_ESCAPE}) || at == kNowhere) return {};
  const std::string two(place.text.substr(at, 2));
  return SyntaxFault{at, two + " is no escape: write \\" + two + ", or put the text in '…'"};
}

// `"x" y`, `'it's'`, `[a] b`
Found behind_the_end(const Place& place) {
  if (!place.says({YAML::ErrorMsg::END_OF_MAP, YAML::ErrorMsg::END_OF_SEQ})) return {};
  const std::string_view head = trim_ows(place.head());
  if (head.empty() || !std::string_view("\"']}").contains(head.back())) return {};
  const std::string end(1, head.back());
  const std::string remedy = end == "'" ? "; in '…', write '' for a '" : "";
  return SyntaxFault{place.at, "text follows the closing " + end + remedy};
}

// `name:x` or `-name: x`, of which the parser says nothing before the line after it.
Found missing_blank(const Line& line) {
  const std::string_view text = line.text;
  const std::size_t begin = line.content();
  std::size_t end = begin;
  while (end < text.size() &&
         (is_alphanumeric(text[end]) || std::string_view("-_.").contains(text[end])))
    ++end;
  if (end == begin) return {};
  const bool key = text.substr(end).starts_with(':');
  const std::string_view value = key ? text.substr(end + 1) : "";
  if (text[begin] == '-' && end > begin + 1 && key)
    return SyntaxFault{line.start + begin + 1, "put a blank behind the -"};
  if (value.empty() || is_blank(value[0]) || value[0] == '/' || text.contains(": ")) return {};
  return SyntaxFault{line.start + end + 1, "put a blank behind the colon"};
}

Found blank(const Place& place) {
  if (!is_structure(place) && !place.says({kEnded})) return {};
  if (place.before) {
    if (Found found = missing_blank(*place.before)) return found;
  }
  return missing_blank(place.line);
}

// `name: a: b`, `filters: - name: x`, `--- name: x`
Found two_in_a_line(const Place& place) {
  using namespace YAML::ErrorMsg;
  if (!place.says({MAP_VALUE, BLOCK_ENTRY})) return {};
  if (place.line.text.starts_with("--- "))
    return SyntaxFault{place.line.start + 4, "begin the document on the line below the ---"};
  if (!place.head().contains(": ")) return {};
  if (place.says({BLOCK_ENTRY}))
    return SyntaxFault{place.at, "begin the list on a line of its own"};
  return SyntaxFault{place.at, "quote a text that holds a colon and a blank"};
}

// The columns at which the blocks begin that are open before `line`, in descending order.
std::vector<std::size_t> open_columns(std::string_view text, const Line& line) {
  std::vector<std::size_t> columns;
  std::size_t least = kNowhere;
  for (auto above = line_before(text, line); above && least > 0;
       above = line_before(text, *above)) {
    for (const std::size_t column : {above->content(), above->indent()}) {
      if (column < least) columns.push_back(column);
      least = std::min(least, column);
    }
  }
  return columns;
}

std::string blanks(std::size_t count) {
  return count == 0 ? "no blank" : count == 1 ? "1 blank" : std::to_string(count) + " blanks";
}

// A line that begins at a column at which no block is open.
Found indentation(const Place& place) {
  const bool ended = place.says({kEnded});
  if (!is_structure(place) && !ended) return {};
  const std::size_t mine = place.line.indent();
  const std::vector<std::size_t> columns = open_columns(place.text, place.line);
  if (columns.empty() || std::ranges::find(columns, mine) != columns.end()) return {};
  if (ended && columns.back() < mine) return {};
  std::string fitting;
  const auto less = std::ranges::find_if(columns, [&](std::size_t one) { return one < mine; });
  if (less != columns.end()) fitting = std::to_string(*less);
  if (less != columns.begin())
    fitting += (fitting.empty() ? "" : " or ") + std::to_string(*(less - 1));
  return SyntaxFault{place.line.start + mine, "the line begins with " + blanks(mine) +
                                                  "; to fit those above, it needs " + fitting};
}

Found no_key_above(const Place& place) {
  if (!place.says({YAML::ErrorMsg::MAP_VALUE}) || !place.before) return {};
  const std::string_view above = trim_space(place.before->text);
  if (above.contains(": ") || above.ends_with(':')) return {};
  return SyntaxFault{place.before->start + place.before->content(),
                     "this is no `key: value`, so no key can follow it"};
}

}  // namespace

SyntaxFault syntax_fault(std::string_view text, std::size_t at, std::string_view words) {
  const Line line = line_at(text, std::min(at, text.size()));
  const Place place{text, std::min(at, text.size() - 1), words, line, line_before(text, line)};
  if (text.empty()) return {0, std::string(words)};
  for (const auto& cause : {tab, special_first, flow, escape, behind_the_end, blank, two_in_a_line,
                            indentation, no_key_above}) {
    if (Found found = cause(place)) return *std::move(found);
  }
  return {at, std::string(words)};
}

}  // namespace sluice::config
