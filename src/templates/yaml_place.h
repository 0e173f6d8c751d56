// SPDX-License-Identifier: Apache-2.0
// Follows a text of YAML as it is written, and says where its end stands. Any thread, one at a
// time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::templates {

class YamlPlace {
 public:
  enum class Kind { plain, single_quoted, double_quoted, literal, folded };  // the last two: blocks

  // Appends a part of the text.
  void follow(std::string_view text);
  [[nodiscard]] Kind kind() const;
  // The spaces at the begin of the current line.
  [[nodiscard]] std::size_t indentation() const { return indentation_; }
  // True between the brackets of a list or a map in flow style.
  [[nodiscard]] bool in_flow() const { return flow_depth_ > 0; }
  // True if an odd number of backslashes stands at the end of a double-quoted text.
  [[nodiscard]] bool escaping() const { return escaping_; }

 private:
  void next(char c);
  void next_quoted(char c);
  void next_plain(char c);
  void count_brackets(char c, bool begins);
  void end_line();
  void begin_line();
  [[nodiscard]] bool in_block() const;

  static constexpr int kNoBlock = -2;

  std::size_t indentation_ = 0;
  bool in_indentation_ = true;
  std::string line_;  // the plain text of the line, without what is in quotes
  char quote_ = 0;    // the kind of quotes that are open; 0: none
  bool escaping_ = false;
  bool comment_ = false;
  int flow_depth_ = 0;
  bool folded_ = false;          // the open block scalar begins with `>`
  int block_parent_ = kNoBlock;  // the column of the key or dash of an open block scalar; -1: none
};

}  // namespace sluice::templates
