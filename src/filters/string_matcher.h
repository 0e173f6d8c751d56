// SPDX-License-Identifier: Apache-2.0
// StringMatcher: the condition on a header that several kinds of filters have. Regular expressions
// are RE2 and match anywhere in the text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"
#include "http/field_twins.h"
#include "http/headers.h"
#include "router/pattern.h"

namespace sluice::filters {

struct StringMatcherSpec {
  std::string exact{};
  std::string prefix{};
  std::string regex{};
  bool empty = false;

  void fields(auto& visit) {
    visit("exact", exact, {.doc = "the whole text"});
    visit("prefix", prefix, {.doc = "what the text begins with"});
    visit("regex", regex, {.doc = "RE2 expression found in the text"});
    visit("empty", empty,
          {.doc = "matches only the empty text, or none; excludes the other fields"});
  }
};

// Immutable; any thread.
class StringMatcher {
 public:
  // nullopt if there was a fault.
  [[nodiscard]] static std::optional<StringMatcher> build(const StringMatcherSpec& spec,
                                                          const std::string& path,
                                                          config::Faults& faults);
  // True if any of exact, prefix and regex matches. An absent header counts as empty.
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  StringMatcherSpec spec_;
  std::optional<router::Pattern> regex_;
};

// Conditions on headers. If a header occurs more than once, any of its values may match.
class HeaderMatcher {
 public:
  using Spec = std::map<std::string, StringMatcherSpec>;
  // `path` is the path of the map. Faults leave the matcher incomplete.
  [[nodiscard]] static HeaderMatcher build(const Spec& spec, bool all, const std::string& path,
                                           config::Faults& faults);
  // True if there are no conditions, or one matches (`all`: every one).
  [[nodiscard]] bool matches(const http::Headers& headers) const;
  // Adds the names that the conditions read.
  void add_names(http::FieldTwins& names) const;

 private:
  struct FieldCondition {
    std::string name;
    StringMatcher matcher;
  };
  std::vector<FieldCondition> conditions_;
  bool all_ = false;
};

}  // namespace sluice::filters
