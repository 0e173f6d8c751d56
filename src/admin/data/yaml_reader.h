// SPDX-License-Identifier: Apache-2.0
// Reads a flat YAML map that arrives in pieces.
#pragma once

#include <string>
#include <string_view>

#include "admin/data/entry.h"
#include "base/lines.h"
#include "store/store.h"

namespace sluice::admin {

// parse_yaml_line reads an entry on a single line. The YAML parser gets each other entry on its
// own. Text that cannot be split into entries (from the first anchor on, or a map in braces after
// `---`) is parsed in one piece, at most kWholeBytesMax.
class YamlReader {
 public:
  static constexpr std::size_t kWholeBytesMax = 16 << 20;

  explicit YamlReader(AddEntry add) : add_(std::move(add)) {}
  // Errors name the line. After an error the reader accepts no more input.
  [[nodiscard]] Result<void> feed(std::string_view piece);
  [[nodiscard]] Result<void> finish();

 private:
  Result<void> take_line(std::string_view line);
  Result<void> take_content(std::string_view line, std::size_t indent);
  // True if `line` begins or ends a document and has been handled.
  Result<bool> take_marker(std::string_view line);
  Result<void> begin_entry(std::string_view line);
  Result<void> append(std::string_view line);
  Result<void> end_entry();
  Result<void> parse_block();

  AddEntry add_;
  LineSplitter lines_{kEntryBytesMax};
  std::string block_;                            // the entry that may continue, or all the rest
  std::size_t block_line_ = 0;                   // the line where block_ begins
  std::size_t indent_ = std::string_view::npos;  // of the entries
  bool one_line_ = true;  // only blank lines and comments follow the first line of block_
  bool whole_ = false;    // block_ takes the rest of the text
  bool begun_ = false;    // `---` has been read
  bool ended_ = false;    // `...` has been read
  bool any_ = false;      // there is a map
  store::Entry entry_;    // reused for its buffers
};

}  // namespace sluice::admin
