// SPDX-License-Identifier: Apache-2.0
// Regular expressions (RE2, found anywhere in a text), and the replacement of what they find.
// Immutable; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"

namespace re2 {
class RE2;
}

namespace sluice::router {

class Pattern {
 public:
  enum class Case { sensitive, insensitive };
  // nullopt and a fault if `text` is no expression.
  [[nodiscard]] static std::optional<Pattern> compile(const std::string& text,
                                                      const std::string& path,
                                                      config::Faults& faults,
                                                      Case letter_case = Case::sensitive);
  [[nodiscard]] bool found_in(std::string_view text) const;
  [[nodiscard]] const re2::RE2& re2() const { return *re2_; }

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> re2) : re2_(std::move(re2)) {}
  std::shared_ptr<const re2::RE2> re2_;
};

// A template with the groups of a pattern: $1, ${1}, $name, ${name}, $$ for a dollar. As in Go, $1x
// is a group named "1x"; other than in Go, a group that the pattern does not have is a fault.
class Replacement {
 public:
  [[nodiscard]] static std::optional<Replacement> parse(std::string_view text,
                                                        const Pattern& pattern,
                                                        const std::string& path,
                                                        config::Faults& faults);
  // Replaces all that `pattern` finds. nullopt if the result would be longer than `size_max`.
  [[nodiscard]] std::optional<std::string> apply(const Pattern& pattern, std::string_view text,
                                                 std::size_t size_max) const;
  // As apply() for a path, of which `escaped` is the percent-encoded form: what stays of the path
  // keeps its escapes, what the template adds is encoded. The result is percent-encoded.
  [[nodiscard]] std::optional<std::string> apply_escaped(const Pattern& pattern,
                                                         std::string_view path,
                                                         std::string_view escaped,
                                                         std::size_t size_max) const;

 private:
  struct Part {
    std::string literal;
    int group = -1;  // after the literal; -1: none
  };
  template <typename Literal, typename Piece>
  bool replace(const Pattern& pattern, std::string_view text, const std::string& out,
               std::size_t size_max, const Literal& literal, const Piece& piece) const;
  std::vector<Part> parts_;
  int groups_ = 1;  // how many the parts need, the whole match included
};

}  // namespace sluice::router
