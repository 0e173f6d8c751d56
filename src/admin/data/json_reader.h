// SPDX-License-Identifier: Apache-2.0
// Reads a flat JSON object (or YAML map in braces) that arrives in pieces.
#pragma once

#include <string>
#include <string_view>

#include "admin/data/entry.h"
#include "store/store.h"

namespace sluice::admin {

// Splits the text at the commas between entries. Reads entries of strings and numbers itself.
// Passes each other entry to the YAML parser on its own, so that aliases find no anchor.
class JsonReader {
 public:
  explicit JsonReader(AddEntry add) : add_(std::move(add)) {}
  // The first `{` begins the object. Only white space precedes it.
  [[nodiscard]] Result<void> feed(std::string_view piece);
  [[nodiscard]] Result<void> finish();

 private:
  enum class State { before, inside, behind };

  Result<void> take(char c);
  Result<void> take_inside(char c);
  Result<void> end_entry(bool last);
  [[nodiscard]] bool begins_token() const;

  AddEntry add_;
  State state_ = State::before;
  std::string text_;  // of the current entry, so far
  char quote_ = 0;    // the quote that is open; 0: none
  bool escaped_ = false;
  char before_ = '{';  // the last character that is not white space
  int depth_ = 0;      // of lists and maps inside the entry
  std::size_t line_ = 1;
  std::size_t entry_line_ = 1;
  store::Entry entry_;
};

}  // namespace sluice::admin
