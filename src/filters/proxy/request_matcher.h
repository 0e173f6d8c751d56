// SPDX-License-Identifier: Apache-2.0
// RequestMatcher: selects the requests that go to a candidate pool, or are copied to the mirror
// pool.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"
#include "filters/string_matcher.h"
#include "http/message.h"

namespace sluice::filters {

struct UrlRuleSpec {
  std::vector<std::string> methods;
  StringMatcherSpec url;

  void fields(auto& visit) {
    visit("methods", methods, {.unique = true, .doc = "none given: all"});
    visit("url", url, {.required = true, .doc = "condition on the decoded path"});
  }
};

struct RequestMatcherSpec {
  std::string policy = "general";
  std::map<std::string, StringMatcherSpec> headers;
  bool match_all_headers = false;
  std::vector<UrlRuleSpec> urls;
  std::uint32_t permil = 0;
  std::string header_hash_key;

  void fields(auto& visit) {
    visit("policy", policy,
          {.one_of = {"general", "ipHash", "headerHash", "random"}, .doc = "how to decide"});
    visit("headers", headers, {.doc = "general: header -> condition; one must fit"});
    visit("matchAllHeaders", match_all_headers, {.doc = "general: all of them must fit"});
    visit("urls", urls, {.doc = "general: besides, one of these must fit"});
    visit("permil", permil,
          {.max = 1000, .doc = "ipHash, headerHash, random: requests in 1000 that match"});
    visit("headerHashKey", header_hash_key, {.doc = "headerHash: the header"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

// Immutable; any thread.
class RequestMatcher {
 public:
  // Requires: `spec` has passed validate(). Faults of the conditions leave the matcher incomplete.
  [[nodiscard]] static RequestMatcher build(const RequestMatcherSpec& spec, const std::string& path,
                                            config::Faults& faults);
  // `client_ip`: the address as the rules see it. With ipHash and headerHash, the same client, or
  // the same value of the header, always gets the same answer.
  [[nodiscard]] bool matches(const http::Request& request, std::string_view client_ip,
                             std::minstd_rand& random) const;
  // Adds the names of the headers that decide.
  void add_names(http::FieldTwins& names) const;

 private:
  enum class MatchPolicy { general, ip_hash, header_hash, random };
  struct UrlRule {
    std::vector<std::string> methods;
    StringMatcher url;
  };
  [[nodiscard]] bool matches_url(const http::Request& request) const;

  MatchPolicy policy_ = MatchPolicy::general;
  HeaderMatcher headers_;
  std::vector<UrlRule> urls_;
  std::uint32_t permil_ = 0;
  std::string header_;
};

}  // namespace sluice::filters
