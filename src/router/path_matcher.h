// SPDX-License-Identifier: Apache-2.0
// The path of a rule, and what becomes of it. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/faults.h"
#include "http/message.h"
#include "router/pattern.h"
#include "router/rule_spec.h"

namespace sluice::router {

class PathMatcher {
 public:
  // Matches all.
  PathMatcher() = default;
  PathMatcher(const PathSpec& spec, const std::string& path, config::Faults& faults);

  // `path` is decoded. A prefix is plain text: /a is one of /abc.
  [[nodiscard]] bool matches(std::string_view path) const;
  // Rewrites the path of a request that matches, if there is a target. False, and nothing changed,
  // if the new path would be longer than 64 KiB.
  bool rewrite(http::Request& request) const;

 private:
  [[nodiscard]] bool has_prefix(std::string_view path) const {
    return !prefix_.empty() && path.starts_with(prefix_);
  }
  bool replace_prefix(http::Request& request) const;

  std::string exact_;
  std::string prefix_;
  std::optional<Pattern> pattern_;
  std::string target_;
  std::optional<Replacement> replacement_;
};

}  // namespace sluice::router
