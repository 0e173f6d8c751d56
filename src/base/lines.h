// SPDX-License-Identifier: Apache-2.0
// Splits a text that arrives in pieces into lines, and names lines in errors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace sluice {

// Prefixes the message with "line 12: ".
[[nodiscard]] inline std::unexpected<Error> at_line(std::size_t line, Error error) {
  error.message = "line " + std::to_string(line) + ": " + error.message;
  return std::unexpected(std::move(error));
}

[[nodiscard]] inline std::unexpected<Error> at_line(std::size_t line, std::string message,
                                                    ErrorKind kind = ErrorKind::invalid) {
  return at_line(line, Error{kind, std::move(message)});
}

// The error of a file of `lines` lines that has not come to its last one, which has a checksum.
[[nodiscard]] inline std::unexpected<Error> cut_off_after(std::size_t lines) {
  if (lines == 0) return fail(ErrorKind::invalid, "the file is empty");
  return fail(ErrorKind::invalid, "the file is cut off after line " + std::to_string(lines) +
                                      ": its last line, with the checksum, is missing");
}

// Holds the incomplete last line, at most `bytes_max`.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // `take` is Result<void>(std::string_view line), without the line break; the view lasts for the
  // call. Error `too_large` for a line over the limit, which is a whole number of MiB.
  template <class Take>
  [[nodiscard]] Result<void> feed(std::string_view piece, const Take& take) {
    while (true) {
      const std::size_t end = piece.find('\n');
      if (rest_.size() + std::min(end, piece.size()) > bytes_max_) {
        return at_line(count_ + 1,
                       "the line is longer than " + std::to_string(bytes_max_ >> 20) + " MiB",
                       ErrorKind::too_large);
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

  std::size_t bytes_max_;
  std::string rest_;
  std::size_t count_ = 0;
};

}  // namespace sluice
