// SPDX-License-Identifier: Apache-2.0
// The grammar of a path with routerKind: RadixTree: /a/{x}, /a/{x:[0-9]+}, /a/*. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/faults.h"

namespace sluice::router {

inline constexpr std::string_view kWildcardName = "EG_WILDCARD";

// By segment: how early a path with it is tried. Smaller is earlier.
using PathRank = std::vector<std::pair<int, int>>;

struct SegmentPath {
  std::string pattern;  // RE2 expression of the whole path, with a named group for each variable
  std::string near;     // the same, without case in the text between the variables
  std::vector<std::string> names;
  bool has_expressions = false;  // of variables, which could match a slash

  // True if `path` has a variable or ends with /*; others are plain text.
  [[nodiscard]] static bool has_variables(std::string_view path);
  // Adds a fault at `where` and returns nullopt if `path` is not of the grammar.
  [[nodiscard]] static std::optional<SegmentPath> parse(std::string_view path,
                                                        const std::string& where,
                                                        config::Faults& faults);
};

// Returns the rank of a path, or of a prefix. Requires: the grammar holds.
[[nodiscard]] PathRank rank_of_segments(std::string_view path, bool is_prefix);
// Replaces {x} by ${x}, and doubles dollars: for Replacement.
[[nodiscard]] std::string replacement_of_target(std::string_view target);

}  // namespace sluice::router
