// SPDX-License-Identifier: Apache-2.0
// The conditions of a path on headers and query parameters. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"
#include "http/message.h"
#include "router/pattern.h"
#include "router/rule_spec.h"

namespace sluice::router {

// Every value counts: of a header each field, and each element of a list in it (RFC 9110 section
// 5.3: to its readers both are the same), of a parameter each that is there. A client must not get
// past a condition by saying more. What is absent is "".
class ValueMatcher {
 public:
  enum class Source { headers, query };
  // Without conditions: matches all.
  ValueMatcher() = default;
  // `all`: every condition must hold, with its values (if given) and its regexp (if given). Else
  // one value or one regexp of any condition is enough.
  ValueMatcher(Source source, const std::vector<ValueRuleSpec>& rules, bool all,
               const std::string& path, config::Faults& faults);
  [[nodiscard]] bool matches(const http::Request& request) const;

 private:
  struct Condition {
    std::string key;
    std::vector<std::string> values;
    std::optional<Pattern> pattern;
  };
  [[nodiscard]] bool holds(const Condition& condition, const http::Request& request) const;
  [[nodiscard]] bool holds_for(const Condition& condition, std::string_view value) const;
  [[nodiscard]] bool holds_for_field(const Condition& condition, std::string_view value) const;

  Source source_ = Source::headers;
  bool all_ = false;
  std::vector<Condition> conditions_;
};

}  // namespace sluice::router
