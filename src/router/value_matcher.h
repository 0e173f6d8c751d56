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

// Tests every value: each field of a header and each list element in it (RFC 9110 section 5.3:
// readers treat both alike), and each occurrence of a parameter. So a client cannot bypass a
// condition by adding values. An absent value is "".
class ValueMatcher {
 public:
  enum class ValueSource { headers, query };
  // Has no conditions: matches every request.
  ValueMatcher() = default;
  // `all`: every condition must hold, with its values (if given) and its regexp (if given).
  // Otherwise one value or one regexp of any condition is enough. Adds faults below `path` for an
  // invalid regexp.
  ValueMatcher(ValueSource source, const std::vector<ValueRuleSpec>& rules, bool all,
               const std::string& path, config::Faults& faults);
  [[nodiscard]] bool matches(const http::Request& request) const;

 private:
  struct ValueCondition {
    std::string key;
    std::vector<std::string> values;
    std::optional<Pattern> pattern;
  };
  [[nodiscard]] bool holds(const ValueCondition& condition, const http::Request& request) const;
  [[nodiscard]] bool holds_for(const ValueCondition& condition, std::string_view value) const;
  [[nodiscard]] bool holds_for_field(const ValueCondition& condition, std::string_view value) const;

  ValueSource source_ = ValueSource::headers;
  bool all_ = false;
  std::vector<ValueCondition> conditions_;
};

}  // namespace sluice::router
