// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/request_matcher.h"

#include <algorithm>

#include "backend/balancer.h"

namespace sluice::filters {

void RequestMatcherSpec::validate(const std::string& path, config::Faults& faults) const {
  if (policy.empty() || policy == "general") {
    if (headers.empty() && urls.empty())
      faults.add(path, "needs headers or urls (or another policy: ipHash, headerHash, random)");
    if (permil != 0)
      faults.add(config::join_path(path, "permil"), "goes with ipHash, headerHash and random");
    return;
  }
  if (permil == 0)
    faults.add(config::join_path(path, "permil"), "is required with " + policy + ", 1 to 1000");
  if (policy == "headerHash" && !http::is_token(header_hash_key))
    faults.add(config::join_path(path, "headerHashKey"), "must name a header for headerHash");
  if (!headers.empty() || !urls.empty())
    faults.add(path, "headers and urls go with policy general");
}

RequestMatcher RequestMatcher::build(const RequestMatcherSpec& spec, const std::string& path,
                                     config::Faults& faults) {
  RequestMatcher matcher;
  if (spec.policy == "ipHash") matcher.policy_ = MatchPolicy::ip_hash;
  if (spec.policy == "headerHash") matcher.policy_ = MatchPolicy::header_hash;
  if (spec.policy == "random") matcher.policy_ = MatchPolicy::random;
  matcher.permil_ = spec.permil;
  matcher.header_ = spec.header_hash_key;
  matcher.headers_ = HeaderMatcher::build(spec.headers, spec.match_all_headers,
                                          config::join_path(path, "headers"), faults);
  for (std::size_t i = 0; i < spec.urls.size(); ++i) {
    const std::string where = config::join_path(path, "urls") + "[" + std::to_string(i) + "].url";
    if (auto url = StringMatcher::build(spec.urls[i].url, where, faults))
      matcher.urls_.push_back({spec.urls[i].methods, std::move(*url)});
  }
  return matcher;
}

bool RequestMatcher::matches(const http::Request& request, std::string_view client_ip,
                             std::minstd_rand& random) const {
  constexpr std::uint32_t kPermil = 1000;
  switch (policy_) {
    case MatchPolicy::general:
      return headers_.matches(request.headers) && matches_url(request);
    case MatchPolicy::ip_hash:
      return backend::fnv1(client_ip) % kPermil < permil_;
    case MatchPolicy::header_hash:
      return backend::fnv1(request.headers.get(header_).value_or("")) % kPermil < permil_;
    case MatchPolicy::random:
      return std::uniform_int_distribution<std::uint32_t>(0, kPermil - 1)(random) < permil_;
  }
  return false;
}

void RequestMatcher::add_names(http::FieldTwins& names) const {
  headers_.add_names(names);
  if (policy_ == MatchPolicy::header_hash) names.add(header_);
}

bool RequestMatcher::matches_url(const http::Request& request) const {
  if (urls_.empty()) return true;
  return std::ranges::any_of(urls_, [&](const UrlRule& rule) {
    const bool method = rule.methods.empty() ||
                        std::ranges::find(rule.methods, request.method) != rule.methods.end();
    return method && rule.url.matches(request.path);
  });
}

}  // namespace sluice::filters
