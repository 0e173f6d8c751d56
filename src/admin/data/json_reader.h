// SPDX-License-Identifier: Apache-2.0
// A flat JSON object (or YAML map in braces) that comes in pieces.
#pragma once

#include <string>
#include <string_view>

#include "admin/data/entry.h"
#include "store/store.h"

namespace sluice::admin {

// Cuts the text at the commas between the entries. Entries of strings and numbers are read here;
// any other goes to the YAML parser alone, so that aliases find no anchor.
class JsonReader {
 public:
  explicit JsonReader(AddEntry add) : add_(std::move(add)) {}
  // The first `{` begins the object; only white space stands before it.
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
  std::string text_;  // of the entry, so far
  char quote_ = 0;    // the text is inside of these quotes
  bool escaped_ = false;
  char before_ = '{';  // the last character that is no white space
  int depth_ = 0;      // of lists and maps inside of the entry
  std::size_t line_ = 1;
  std::size_t entry_line_ = 1;
  store::Entry entry_;
};

}  // namespace sluice::admin
