// SPDX-License-Identifier: Apache-2.0
// The specs of resilience policies: the entries of a pipeline's `resilience` list.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"

namespace sluice::resilience {

// A TIME_BASED window has a bucket per second, a COUNT_BASED one a slot per call.
inline constexpr std::int64_t kWindowSecondsMax = 3600;
inline constexpr std::int64_t kWindowCallsMax = 100'000;
inline constexpr std::int64_t kAttemptsMax = 100;

struct PolicyMeta {
  std::string name;
  std::string kind;
  std::optional<std::string> version{};
  void fields(auto& visit) {
    visit("name", name,
          {.required = true,
           .format = config::Format::name,
           .doc = "unique among the policies of the pipeline"});
    visit("kind", kind,
          {.required = true, .one_of = {"Retry", "CircuitBreaker"}, .doc = "kind of policy"});
    visit("version", version, {.doc = "free text"});
  }
};

struct RetrySpec {
  PolicyMeta meta;
  std::uint32_t max_attempts = 3;
  Duration wait_duration = std::chrono::milliseconds(500);
  std::string back_off_policy = "random";
  double randomization_factor = 0;
  std::vector<std::string> methods = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  std::uint32_t budget_percent = 20;
  std::uint32_t budget_per_second = 10;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("maxAttempts", max_attempts,
          {.min = 1, .max = kAttemptsMax, .doc = "tries in total, the first included"});
    visit("waitDuration", wait_duration,
          {.min = 0, .doc = "wait between two tries; there is none after the last"});
    visit("backOffPolicy", back_off_policy,
          {.one_of = {"random", "exponential", "RANDOM", "EXPONENTIAL"},
           .doc = "`exponential`: each wait is 1.5 times the previous one, up to one minute (or "
                  "`waitDuration`, if longer). Values are case-insensitive"});
    visit("randomizationFactor", randomization_factor,
          {.min = 0, .max = 1, .doc = "waits vary by up to this share of themselves"});
    visit(
        "methods", methods,
        {.unique = true, .doc = "methods that may reach a backend twice (RFC 9110 section 9.2.2)"});
    visit("budgetPercent", budget_percent,
          {.max = 10'000, .doc = "retries that 100 requests allow"});
    visit("budgetPerSecond", budget_per_second,
          {.max = 1'000'000, .doc = "additional retries per second"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  bool operator==(const RetrySpec& other) const;
};

struct CircuitBreakerSpec {
  PolicyMeta meta;
  std::string sliding_window_type = "COUNT_BASED";
  std::uint32_t sliding_window_size = 100;
  std::uint32_t failure_rate_threshold = 50;
  std::uint32_t slow_call_rate_threshold = 100;
  Duration slow_call_duration_threshold = std::chrono::minutes(1);
  std::uint32_t minimum_number_of_calls = 10;
  std::uint32_t permitted_in_half_open = 10;
  Duration wait_in_open = std::chrono::minutes(1);
  Duration max_wait_in_half_open{};
  bool counting_network_error = false;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("slidingWindowType", sliding_window_type,
          {.one_of = {"COUNT_BASED", "TIME_BASED"},
           .doc = "judges the last requests; `TIME_BASED`: the last seconds"});
    visit("slidingWindowSize", sliding_window_size,
          {.min = 1,
           .max = kWindowCallsMax,
           .doc = "requests (up to 100,000) or seconds (up to 3,600)"});
    visit("failureRateThreshold", failure_rate_threshold,
          {.min = 1, .max = 100, .doc = "percentage of failed requests that opens the breaker"});
    visit("slowCallRateThreshold", slow_call_rate_threshold,
          {.min = 1, .max = 100, .doc = "percentage of slow requests that opens the breaker"});
    visit(
        "slowCallDurationThreshold", slow_call_duration_threshold,
        {.min = 1,
         .doc =
             "duration from which a request is slow; a failed request does not count as slow too"});
    visit("minimumNumberOfCalls", minimum_number_of_calls,
          {.min = 1, .doc = "minimum number of results to judge; at most a window of requests"});
    visit("permittedNumberOfCallsInHalfOpenState", permitted_in_half_open,
          {.min = 1,
           .max = kWindowCallsMax,
           .doc = "requests that pass half open; the first `minimumNumberOfCalls` of them decide, "
                  "if that is less"});
    visit("waitDurationInOpenState", wait_in_open, {.min = 0, .doc = "time in the open state"});
    visit("maxWaitDurationInHalfOpenState", max_wait_in_half_open,
          {.min = 0,
           .doc = "maximum time half open, after which the breaker opens again; 0: it waits for "
                  "its requests"});
    visit("countingNetworkError", counting_network_error,
          {.doc = "accepted, without effect: network errors are failures"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  bool operator==(const CircuitBreakerSpec& other) const;
};

}  // namespace sluice::resilience
