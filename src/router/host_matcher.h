// SPDX-License-Identifier: Apache-2.0
// The hosts of a rule. Hosts compare without case, port and trailing dot. Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"
#include "router/pattern.h"
#include "router/rule_spec.h"

namespace sluice::router {

// Returns the part of a Host header that the matchers compare; a view into it.
[[nodiscard]] std::string_view comparable_host(std::string_view host);

class HostMatcher {
 public:
  enum class MatchKind { exact, prefix, suffix };
  struct Literal {
    MatchKind kind;
    std::string text;
  };
  // Matches every host.
  HostMatcher() = default;
  // Adds faults below `path` for a host with a port, with a * in the middle, or an expression that
  // is invalid.
  HostMatcher(const RuleSpec& rule, const std::string& path, config::Faults& faults);
  // Requires: `host` is a comparable_host().
  [[nodiscard]] bool matches(std::string_view host) const;

  // A host matches if it matches one of these, or if there are none.
  [[nodiscard]] const std::vector<Literal>& literals() const { return literals_; }
  [[nodiscard]] const std::vector<Pattern>& patterns() const { return patterns_; }

 private:
  void add(const HostSpec& host, const std::string& path, config::Faults& faults);
  static bool matches(const Literal& literal, std::string_view host);

  std::vector<Literal> literals_;
  std::vector<Pattern> patterns_;
};

}  // namespace sluice::router
