// SPDX-License-Identifier: Apache-2.0
#include "resilience/spec.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace sluice::resilience {

namespace {

// RFC 9110 section 9.1: a method is a token of any case, but every registered method is upper-case.
bool is_method(const std::string& text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_upper(c) || c == '-' || c == '_'; });
}

}  // namespace

void RetrySpec::validate(const std::string& path, config::Faults& faults) const {
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (is_method(methods[i])) continue;
    faults.add(config::join_path(path, "methods") + "[" + std::to_string(i) + "]",
               config::quote(methods[i]) + " is no method, try GET");
  }
}

void CircuitBreakerSpec::validate(const std::string& path, config::Faults& faults) const {
  if (sliding_window_type == "TIME_BASED" && sliding_window_size > kWindowSecondsMax) {
    faults.add(config::join_path(path, "slidingWindowSize"),
               "must be at most " + std::to_string(kWindowSecondsMax) + " seconds");
  }
}

bool RetrySpec::operator==(const RetrySpec& other) const {
  return config::encode(*this) == config::encode(other);
}

bool CircuitBreakerSpec::operator==(const CircuitBreakerSpec& other) const {
  return config::encode(*this) == config::encode(other);
}

}  // namespace sluice::resilience
