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
  // '+' or '-', which keeps or removes the line breaks at the end of the block scalar; else 0.
  [[nodiscard]] char chomping() const { return chomping_; }
  // The bytes until now outside of block scalars, without the spaces at the begins of lines.
  [[nodiscard]] std::size_t structure_bytes() const { return structure_bytes_; }
  // True if the current line has nothing but spaces.
  [[nodiscard]] bool at_line_begin() const { return in_indentation_; }
  // True if an odd number of backslashes stands at the end of a double-quoted text.
  [[nodiscard]] bool escaping() const { return escaping_; }

 private:
  void next(char c);
  void next_quoted(char c);
  void next_plain(char c);
  void end_line();
  void begin_line();
  [[nodiscard]] bool in_block() const;

  static constexpr int kNoBlock = -2;

  std::size_t structure_bytes_ = 0;
  std::size_t indentation_ = 0;
  bool in_indentation_ = true;
  std::string line_;  // the plain text of the line, without what is in quotes
  char quote_ = 0;    // the kind of quotes that are open; 0: none
  bool escaping_ = false;
  bool comment_ = false;
  char chomping_ = 0;
  bool folded_ = false;          // the open block scalar begins with `>`
  int block_parent_ = kNoBlock;  // the column of the key or dash of an open block scalar; -1: none
};

}  // namespace sluice::templates
