// SPDX-License-Identifier: Apache-2.0
// Policies: the `resilience` list of a pipeline, by name. Filters look policies up while they are
// built.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "config/fields.h"
#include "resilience/spec.h"

namespace sluice::resilience {

// Immutable once built; any thread.
class Policies {
 public:
  // Every fault goes to `faults` with its path below `path`. Faulty policies are left out.
  [[nodiscard]] static Policies build(const std::vector<config::UndecodedValue>& list,
                                      const std::string& path, config::Faults& faults);

  // The policy that a filter names in the field `path`. Null for the empty name, and for
  // that of a faulty policy. Null, with a fault, if no policy has that name, or it is of the other
  // kind. Valid as long as the Policies.
  [[nodiscard]] const RetrySpec* retry(const std::string& name, const std::string& path,
                                       config::Faults& faults) const;
  [[nodiscard]] const CircuitBreakerSpec* circuit_breaker(const std::string& name,
                                                          const std::string& path,
                                                          config::Faults& faults) const;
  // The completed specs, in the order of the list.
  [[nodiscard]] Json spec() const;

 private:
  using Policy = std::variant<RetrySpec, CircuitBreakerSpec>;
  template <class Spec>
  const Spec* find(const std::string& name, std::string_view kind, const std::string& path,
                   config::Faults& faults) const;

  std::map<std::string, Policy, std::less<>> policies_;
  std::vector<std::string> order_;
  std::set<std::string, std::less<>> faulty_;  // names of those left out
};

}  // namespace sluice::resilience
