// SPDX-License-Identifier: Apache-2.0
// The spec of a RateLimiter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"
#include "filters/rate_limiter/periods.h"
#include "filters/string_matcher.h"
#include "pipeline/filter.h"

namespace sluice::filters {

struct RatePolicySpec {
  std::string name;
  Duration timeout{std::chrono::milliseconds(100)};
  Duration period{std::chrono::milliseconds(10)};
  std::uint32_t limit = 50;

  void fields(auto& visit) {
    visit("name", name,
          {.required = true, .format = config::Format::name, .doc = "for `policyRef`"});
    visit("timeoutDuration", timeout,
          {.min = 0,
           .doc =
               "the longest wait. A request waits if a period with a free place begins within it"});
    visit("limitRefreshPeriod", period,
          {.min = Duration(std::chrono::milliseconds(1)).count(), .doc = "length of a period"});
    visit("limitForPeriod", limit, {.min = 1, .max = kPlacesMax, .doc = "requests of a period"});
  }
};

// One limit for each value.
struct KeyBySpec {
  std::string header;
  std::string cookie;
  bool address = false;
  std::uint32_t keys_max = 65536;

  void fields(auto& visit) {
    visit("header", header, {.doc = "by the value of this header"});
    visit("cookie", cookie, {.doc = "by the value of this cookie"});
    visit("address", address, {.doc = "by the client's address; an IPv6 client is its /64"});
    visit("maxKeys", keys_max, {.min = 64, .max = 1 << 20, .doc = "values at a time"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

struct LimitedUrlSpec {
  std::vector<std::string> methods;
  StringMatcherSpec url;
  std::string policy;
  std::optional<KeyBySpec> key_by;

  void fields(auto& visit) {
    visit("methods", methods,
          {.format = config::Format::http_method,
           .unique = true,
           .doc = "in upper case; empty: any"});
    visit("url", url, {.required = true, .doc = "condition on the decoded path"});
    visit("policyRef", policy, {.doc = "name of a policy; empty: defaultPolicyRef"});
    visit("keyBy", key_by,
          {.doc = "a limit for each value of a `header`, of a `cookie`, or for each client with "
                  "`address: true`"});
  }
};

struct RateLimiterSpec {
  pipeline::FilterMeta meta;
  std::vector<RatePolicySpec> policies;
  std::string default_policy;
  std::vector<LimitedUrlSpec> urls;
  std::string shown = "refused";

  void fields(auto& visit) {
    meta.fields(visit);
    visit("policies", policies, {.required = true, .min = 1, .doc = "limits by name"});
    visit("defaultPolicyRef", default_policy, {.doc = "the policy of `urls` without `policyRef`"});
    visit("urls", urls,
          {.required = true,
           .min = 1,
           .doc = "the first that fits counts the request; if none fits, the request passes"});
    visit("fields", shown,
          {.one_of = {"refused", "all", "none"},
           .doc = "which responses have the fields `RateLimit` and `RateLimit-Policy`"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

}  // namespace sluice::filters
