// SPDX-License-Identifier: Apache-2.0
// Splits a text that arrives in pieces into lines.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "admin/data/entry.h"

namespace sluice::admin {

// Holds the incomplete last line, at most kEntryBytesMax.
class LineSplitter {
 public:
  // `take` is Result<void>(std::string_view line), without the line break; the view lasts for the
  // call.
  template <class Take>
  [[nodiscard]] Result<void> feed(std::string_view piece, const Take& take) {
    while (true) {
      const std::size_t end = piece.find('\n');
      if (rest_.size() + std::min(end, piece.size()) > kEntryBytesMax) {
        return entry_too_large(count_ + 1);
      }
      if (end == std::string_view::npos) {
        rest_ += piece;
        return {};
      }
      SLUICE_CHECK(next(piece.substr(0, end), take));
      piece.remove_prefix(end + 1);
    }
  }
  // Takes a last line without a line break.
  template <class Take>
  [[nodiscard]] Result<void> finish(const Take& take) {
    return rest_.empty() ? Result<void>() : next({}, take);
  }
  // The number of the line that `take` sees, from 1.
  [[nodiscard]] std::size_t number() const { return count_; }

 private:
  template <class Take>
  Result<void> next(std::string_view end, const Take& take) {
    ++count_;
    if (rest_.empty()) return take(end);
    rest_ += end;
    Result<void> taken = take(std::string_view(rest_));
    rest_.clear();
    return taken;
  }

  std::string rest_;
  std::size_t count_ = 0;
};

}  // namespace sluice::admin
