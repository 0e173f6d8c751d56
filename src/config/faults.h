// SPDX-License-Identifier: Apache-2.0
// The faults of one document, each with its path: `rules[0].paths[1].backend: is required`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::config {

// Collects faults; each line is `path: reason`. Keeps the first 100 and counts the others.
class Faults {
 public:
  void add(const std::string& path, std::string_view reason);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  // `invalid` with all lines as details; the message is the first line, and how many more.
  [[nodiscard]] Error to_error() const;

 private:
  std::vector<std::string> lines_;
  std::size_t count_ = 0;
};

// "" or `, did you mean "timeout"?`
[[nodiscard]] std::string suggestion(std::string_view unknown,
                                     const std::vector<std::string_view>& known);
// `a.b`; a name that is no plain word is quoted: `labels["easegress/owner"]`.
[[nodiscard]] std::string join_path(const std::string& path, std::string_view name);
// Text in double quotes, on one line, cut where it is long: for messages.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace sluice::config
