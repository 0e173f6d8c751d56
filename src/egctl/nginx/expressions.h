// SPDX-License-Identifier: Apache-2.0
// Regular expressions of nginx (PCRE) as those of Sluice (RE2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::egctl::nginx {

struct Expression {
  std::string text{};
  // RE2 has no form for it: this one matches all that the original does, and more.
  bool wider = false;
};
// nullopt: not even a wider one.
[[nodiscard]] std::optional<Expression> expression_of(std::string_view pcre, bool any_case);

// An expression that matches what begins with `prefix` and in which `text` is found: a location
// inside another one. nullopt: there is no simple one.
[[nodiscard]] std::optional<std::string> within(std::string_view prefix, const std::string& text);

// Whether the path of a folder may begin to match `text` when the name of a file is added. False
// only if that is certain.
[[nodiscard]] bool may_take_file(const std::string& text, const std::string& name);

[[nodiscard]] bool is_expression(const std::string& text);
// Requires: is_expression(text).
[[nodiscard]] bool found_in(const std::string& text, std::string_view path);

// A path's expression as a part of one on a whole URL: it sees no query.
struct UrlPart {
  std::string text{};  // from the beginning of the path to its end
  int groups = 0;
};
[[nodiscard]] std::optional<UrlPart> without_query(std::string_view pcre);

// "\Q…\E", in the form that people read.
[[nodiscard]] std::string quote_expression(std::string_view text);

}  // namespace sluice::egctl::nginx
