// SPDX-License-Identifier: Apache-2.0
// The faults of one document, each with its path: `rules[0].paths[1].backend: is required`. Beside
// them, warnings: text on a document that is accepted, and that probably does not mean what it
// says.
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
  // `path`: of the field in the document; "" for the document itself.
  void add(const std::string& path, std::string_view reason);
  // Adds a line to warnings(). A warning is no fault: empty(), count() and to_error() leave it out.
  void warn(const std::string& path, std::string_view text);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  // The number of all faults, also of those that are not kept.
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  // The first 100, in the form of lines().
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  // Returns error `invalid` with all kept lines as details. The message is the first line, and the
  // number of the others. Requires: not empty.
  [[nodiscard]] Error to_error() const;

 private:
  std::vector<std::string> lines_;
  std::vector<std::string> warnings_;
  std::size_t count_ = 0;
};

// Returns `, did you mean "timeout"?` if a known name resembles `unknown`, else "".
[[nodiscard]] std::string suggestion(std::string_view unknown,
                                     const std::vector<std::string_view>& known);
// Returns the path of a member: `a.b`, or `labels["easegress/owner"]` if the name is no plain word.
[[nodiscard]] std::string join_path(const std::string& path, std::string_view name);
// Returns the text in double quotes, on one line, for messages. Cuts long text.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace sluice::config
