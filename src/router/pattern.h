// SPDX-License-Identifier: Apache-2.0
// Regular expressions (RE2, found anywhere in a text), and the replacement of their matches. As in
// Go, an octet that is not UTF-8 is U+FFFD to an expression, so that `.` and `[^/]` match it: RE2
// by itself matches no text that holds one. Immutable; any thread.
#pragma once

#include <cstddef>
#include <functional>
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

// A text as an expression sees it. Requires: the text outlives this.
class Subject {
 public:
  explicit Subject(std::string_view text);
  [[nodiscard]] std::string_view seen() const { return origins_.empty() ? text_ : repaired_; }
  // Returns the part of the text that is seen from `begin` to `end`. Requires: neither is within a
  // character.
  [[nodiscard]] std::string_view part(std::size_t begin, std::size_t end) const;
  // The same for a part of seen().
  [[nodiscard]] std::string_view part(std::string_view seen_part) const;

 private:
  std::string_view text_;
  std::string repaired_;
  std::vector<std::size_t>
      origins_;  // of each octet of repaired_, and the end; empty: text_ is UTF-8
};

class Pattern {
 public:
  enum class Case { sensitive, insensitive };
  // Adds a fault and returns nullopt if `text` is not a valid expression.
  [[nodiscard]] static std::optional<Pattern> compile(const std::string& text,
                                                      const std::string& path,
                                                      config::Faults& faults,
                                                      Case letter_case = Case::sensitive);
  // True if a match begins anywhere in `text`.
  [[nodiscard]] bool found_in(std::string_view text) const;
  // Returns the text of the first group of a match in `text`; nullopt: there is no match, or the
  // group takes no part in it.
  [[nodiscard]] std::optional<std::string_view> first_group_in(std::string_view text) const;
  // Calls `use(name, text)` with each named group that takes part in the first match in `text`.
  void for_each_named_group(
      std::string_view text,
      const std::function<void(const std::string& name, std::string_view text)>& use) const;
  [[nodiscard]] bool has_groups() const;
  [[nodiscard]] const re2::RE2& re2() const { return *re2_; }

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> re2) : re2_(std::move(re2)) {}
  std::shared_ptr<const re2::RE2> re2_;
};

// A template with the groups of a pattern: $1, ${1}, $name, ${name}, and $$ for a dollar. As in Go,
// $1x is a group named "1x". Unlike in Go, a group that the pattern does not have is a fault.
class Replacement {
 public:
  // Adds a fault at `path` and returns nullopt if `text` names a group that `pattern` lacks.
  [[nodiscard]] static std::optional<Replacement> parse(std::string_view text,
                                                        const Pattern& pattern,
                                                        const std::string& path,
                                                        config::Faults& faults);
  // Replaces all matches of `pattern`. Returns nullopt if the result would be longer than
  // `size_max`.
  [[nodiscard]] std::optional<std::string> apply(const Pattern& pattern, std::string_view text,
                                                 std::size_t size_max) const;
  // A piece of a result: it begins at `begin` and ends where the next one begins.
  struct Traced {
    std::size_t begin = 0;
    std::optional<std::size_t> source;  // where it stands in the text; nullopt: the template's own
  };
  // Like apply(). Appends to `pieces` which part of the result is from where, in order.
  [[nodiscard]] std::optional<std::string> apply_traced(const Pattern& pattern,
                                                        std::string_view text, std::size_t size_max,
                                                        std::vector<Traced>& pieces) const;
  // Like apply(), for a path whose percent-encoded form is `escaped`. Kept parts keep their
  // escapes, and text of the template is encoded. The result is percent-encoded.
  [[nodiscard]] std::optional<std::string> apply_escaped(const Pattern& pattern,
                                                         std::string_view path,
                                                         std::string_view escaped,
                                                         std::size_t size_max) const;

 private:
  struct Part {
    std::string literal;
    int group = -1;  // follows the literal; -1: none
  };
  template <typename Literal, typename Piece>
  bool replace(const Pattern& pattern, std::string_view text, const std::string& out,
               std::size_t size_max, const Literal& literal, const Piece& piece) const;
  std::vector<Part> parts_;
  int groups_ = 1;  // the number of groups in use, the whole match included
};

}  // namespace sluice::router
