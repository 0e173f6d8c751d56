// SPDX-License-Identifier: Apache-2.0
#include "templates/yaml_place.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::templates {
namespace {

constexpr std::size_t kLineMax = 4096;  // kept of a line: enough for its begin

// True if `text` begins a block scalar: `|`, `>`, with indicators.
bool is_block_header(std::string_view text) {
  if (!text.starts_with('|') && !text.starts_with('>')) return false;
  const std::string_view rest = text.substr(1);
  return rest.size() <= 2 &&
         std::ranges::all_of(rest, [](char c) { return is_digit(c) || c == '-' || c == '+'; });
}

// Returns the column after the dashes of a list, and that of the last dash or -1.
struct LineBegin {
  std::size_t column;
  int dash;
};
LineBegin line_begin(std::string_view line) {
  LineBegin begin{std::min(line.find_first_not_of(' '), line.size()), -1};
  while (line.substr(begin.column).starts_with("- ")) {
    begin.dash = static_cast<int>(begin.column);
    begin.column = std::min(line.find_first_not_of(' ', begin.column + 1), line.size());
  }
  return begin;
}

}  // namespace

YamlPlace::Kind YamlPlace::kind() const {
  if (quote_ != 0) return quote_ == '"' ? Kind::double_quoted : Kind::single_quoted;
  if (!in_block()) return Kind::plain;
  return folded_ ? Kind::folded : Kind::literal;
}

bool YamlPlace::in_block() const {
  return block_parent_ != kNoBlock && static_cast<int>(indentation_) > block_parent_;
}

void YamlPlace::follow(std::string_view text) {
  for (const char c : text) next(c);
}

void YamlPlace::next(char c) {
  if (c == '\n' || c == '\r') return end_line();
  if (in_indentation_ && c == ' ') {
    ++indentation_;
  } else if (in_indentation_) {
    in_indentation_ = false;
    if (quote_ == 0 && !in_block()) block_parent_ = kNoBlock;
  }
  if (quote_ == 0 && in_block()) return;
  if (!in_indentation_) ++structure_bytes_;
  if (quote_ != 0) return next_quoted(c);
  if (!comment_) next_plain(c);
}

void YamlPlace::next_quoted(char c) {
  if (quote_ == '"' && c == '\\') {
    escaping_ = !escaping_;
    return;
  }
  if (c == quote_ && !escaping_) quote_ = 0;
  escaping_ = false;
}

// A quote opens only at the begin of a scalar; `#` begins a comment after a space.
void YamlPlace::next_plain(char c) {
  constexpr std::string_view kBefore = " \t:-,[{";
  const bool begins = line_.empty() || kBefore.find(line_.back()) != std::string_view::npos;
  if (begins && (c == '"' || c == '\'')) {
    quote_ = c;
    escaping_ = false;
  } else if (c == '#' && (line_.empty() || line_.back() == ' ' || line_.back() == '\t')) {
    comment_ = true;
    return;
  }
  if (line_.size() < kLineMax) {
    line_ += c;
  } else {
    line_.back() = c;
  }
}

void YamlPlace::end_line() {
  if (quote_ == 0 && !in_block() && !in_indentation_) {
    ++structure_bytes_;
    block_parent_ = kNoBlock;
    const std::string_view line = trim_space(line_);
    const std::size_t word = line.find_last_of(' ') + 1;  // 0 if there is no space
    if (is_block_header(line.substr(word))) {
      folded_ = line[word] == '>';
      const std::size_t sign = line.find_first_of("+-", word);
      chomping_ = sign == std::string_view::npos ? char{0} : line[sign];
      const LineBegin begin = line_begin(line_);
      const bool bare = begin.column + (line.size() - word) >= line_.find_last_not_of(" \t\r") + 1;
      block_parent_ = bare ? begin.dash : static_cast<int>(begin.column);
    }
  }
  begin_line();
}

void YamlPlace::begin_line() {
  line_.clear();
  indentation_ = 0;
  in_indentation_ = true;
  comment_ = false;
  escaping_ = false;
}

}  // namespace sluice::templates
