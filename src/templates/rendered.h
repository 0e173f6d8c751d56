// SPDX-License-Identifier: Apache-2.0
// Rendered: the text that a template has made. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::templates {

// Values in literal blocks of YAML from this size on, and those that begin with white space, stand
// aside: YAML takes 30 ms for a MiB, and reads white space as indentation.
inline constexpr std::size_t kAsideBytesMin = 4096;

struct Rendered {
  std::string text;
  std::vector<std::string> aside{};  // `text` has a mark in the place of each

  // Replaces the marks in a scalar of `text`.
  void restore(std::string& scalar) const;
};

// The mark of a value; it stands in no other text.
[[nodiscard]] std::string aside_mark(std::size_t index);
// Replaces the character that begins a mark.
[[nodiscard]] std::string without_marks(std::string_view text);

}  // namespace sluice::templates
