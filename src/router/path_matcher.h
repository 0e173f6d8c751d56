// SPDX-License-Identifier: Apache-2.0
// The path of a rule, and its rewriting. Immutable; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/faults.h"
#include "http/message.h"
#include "router/pattern.h"
#include "router/rule_spec.h"

namespace sluice::router {

// Returns the path without the slash at its end. "/" stays.
[[nodiscard]] constexpr std::string_view without_end_slash(std::string_view path) {
  return path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

// routerKind: whether `path` of a rule is text, or has variables (router/segment_path.h).
enum class RouterKind { ordered, radix_tree };

// Named parts of a path, by name.
using Captures = std::vector<std::pair<std::string, std::string>>;

class PathMatcher {
 public:
  // Matches every path.
  PathMatcher() = default;
  // Adds faults below `path` for an invalid path, pathRegexp or rewriteTarget.
  PathMatcher(const PathSpec& spec, RouterKind kind, const std::string& path,
              config::Faults& faults);

  // `path` is decoded. A prefix is plain text: /a is one of /abc.
  [[nodiscard]] bool matches(std::string_view path) const;
  // True if `path` equals the text in `path` of the rule.
  [[nodiscard]] bool spells_out(std::string_view path) const {
    return !exact_.empty() && path == exact_;
  }
  // True if a server that ignores the case of letters and a trailing slash may take `path` for one
  // of this rule. A prefix ends at the end of a segment. Requires: matches() has returned false.
  [[nodiscard]] bool nearly_matches(std::string_view path) const;
  // Returns how many bytes of a (nearly) matching path the rule names.
  [[nodiscard]] std::size_t bytes_named(std::string_view path) const;

  // Rewrites the path of a matching request if the rule has a target. The kept part of the path
  // keeps its escapes. Returns false, and changes nothing, if the new path would be longer than 64
  // KiB.
  bool rewrite(http::Request& request) const;
  [[nodiscard]] bool has_target() const { return !target_.empty(); }

  // A path matches if it has one of these, or if there are none. "": not given.
  [[nodiscard]] const std::string& exact() const { return exact_; }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  [[nodiscard]] const std::optional<Pattern>& pattern() const { return pattern_; }
  // Of RadixTree's paths with variables.
  [[nodiscard]] const std::optional<Pattern>& segments() const { return segments_; }
  [[nodiscard]] const std::optional<Pattern>& near_segments() const { return near_segments_; }

  // The path, else the prefix, else the expression, as the rule has it; "": the rule takes all.
  [[nodiscard]] const std::string& text() const { return text_; }

  // The names of the variables and groups of a path.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  // Adds the parts that the variables and groups have matched. Requires: matches().
  void capture(std::string_view path, Captures& out) const;
  // Returns the prefix that made `path` match, else "".
  [[nodiscard]] std::string_view matched_prefix(std::string_view path) const;

 private:
  [[nodiscard]] bool has_prefix(std::string_view path) const {
    return !prefix_.empty() && path.starts_with(prefix_);
  }
  [[nodiscard]] bool is_near_exact(std::string_view path) const;
  [[nodiscard]] bool has_near_prefix(std::string_view path) const;
  [[nodiscard]] bool nearly_finds_pattern(std::string_view path) const;
  void add_segments(const PathSpec& spec, const std::string& path, config::Faults& faults);
  void add_pattern(const PathSpec& spec, const std::string& path, config::Faults& faults);
  [[nodiscard]] bool has_segments(std::string_view path) const;
  [[nodiscard]] bool fits_segments(const Pattern& segments, std::string_view path) const;
  bool replace_prefix(http::Request& request) const;
  static bool replace(const Pattern& pattern, const Replacement& replacement,
                      http::Request& request);

  std::string text_;
  std::string exact_;
  std::string prefix_;
  std::optional<Pattern> pattern_;
  std::optional<Pattern> any_case_;  // pattern_, without case
  bool pattern_has_capitals_ = false;
  std::string target_;
  std::optional<Replacement> replacement_;
  std::optional<Pattern> segments_;
  std::optional<Pattern> near_segments_;
  bool has_expressions_ = false;  // of variables
  std::optional<Replacement> segment_replacement_;
  std::vector<std::string> names_;
};

}  // namespace sluice::router
