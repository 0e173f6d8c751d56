// SPDX-License-Identifier: Apache-2.0
// A flat YAML map that comes in pieces.
#pragma once

#include <string>
#include <string_view>

#include "admin/data/entry.h"
#include "admin/data/lines.h"
#include "store/store.h"

namespace sluice::admin {

// An entry that stands on one line is read by parse_yaml_line; any other goes to the YAML parser
// with its lines alone. What cannot be cut into entries (from the first anchor on, or a map in
// braces behind `---`) is parsed in one piece, at most kWholeBytesMax.
class YamlReader {
 public:
  static constexpr std::size_t kWholeBytesMax = 16 << 20;

  explicit YamlReader(AddEntry add) : add_(std::move(add)) {}
  // Errors name the line. After one the reader takes nothing more.
  [[nodiscard]] Result<void> feed(std::string_view piece);
  [[nodiscard]] Result<void> finish();

 private:
  Result<void> take_line(std::string_view line);
  Result<void> take_content(std::string_view line, std::size_t indent);
  // True if `line` begins or ends a document and is dealt with.
  Result<bool> take_marker(std::string_view line);
  Result<void> begin_entry(std::string_view line);
  Result<void> append(std::string_view line);
  Result<void> end_entry();
  Result<void> parse_block();

  AddEntry add_;
  Lines lines_;
  std::string block_;                            // the entry that may still go on, or all the rest
  std::size_t block_line_ = 0;                   // where it begins
  std::size_t indent_ = std::string_view::npos;  // of the entries
  bool one_line_ = true;  // nothing but blank lines and comments behind the first line of block_
  bool whole_ = false;    // block_ takes all the rest
  bool begun_ = false;    // `---` has come
  bool ended_ = false;    // `...` has come
  bool any_ = false;      // there is a map
  store::Entry entry_;    // its buffers are used again
};

}  // namespace sluice::admin
