// SPDX-License-Identifier: Apache-2.0
#include "router/router.h"

namespace sluice::router {

using config::join_path;

Route::Route(const PathSpec& spec, const std::string& path, config::Faults& faults)
    : backend(spec.backend),
      client_max_body_size(spec.client_max_body_size),
      path_(spec, path, faults),
      headers_(spec.set_headers, join_path(path, "setHeaders"), faults) {}

Router Router::build(const HttpServerSpec& spec, config::Faults& faults) {
  Router router;
  router.ip_filter_ = IpFilter(spec.ip_filter);
  router.needs_address_ = router.ip_filter_.is_active();
  for (std::size_t i = 0; i < spec.rules.size(); ++i) {
    const std::string path = "rules[" + std::to_string(i) + "]";
    const Rule& rule = router.rules_.emplace_back(build_rule(spec.rules[i], path, faults));
    router.needs_address_ |= rule.ip_filter.is_active();
    for (const Path& each : rule.paths) router.needs_address_ |= each.ip_filter.is_active();
  }
  return router;
}

Router::Rule Router::build_rule(const RuleSpec& spec, const std::string& path,
                                config::Faults& faults) {
  Rule rule{HostMatcher(spec, path, faults), IpFilter(spec.ip_filter), {}};
  const std::string paths = join_path(path, "paths");
  for (std::size_t i = 0; i < spec.paths.size(); ++i) {
    rule.paths.push_back(build_path(spec.paths[i], paths + "[" + std::to_string(i) + "]", faults));
  }
  return rule;
}

Router::Path Router::build_path(const PathSpec& spec, const std::string& path,
                                config::Faults& faults) {
  using enum ValueMatcher::Source;
  Path out{
      Route(spec, path, faults),
      {},
      ValueMatcher(headers, spec.headers, spec.match_all_header, join_path(path, "headers"),
                   faults),
      ValueMatcher(query, spec.queries, spec.match_all_query, join_path(path, "queries"), faults),
      IpFilter(spec.ip_filter)};
  for (const std::string& method : spec.methods) out.methods.add(method);
  return out;
}

bool Router::admits(std::string_view client_ip) const {
  if (!ip_filter_.is_active()) return true;
  return ip_filter_.allows(config::IpAddress::parse(client_ip));
}

Match Router::route(const http::Request& request, std::string_view client_ip) const {
  const Address address = needs_address_ ? config::IpAddress::parse(client_ip) : std::nullopt;
  if (!ip_filter_.allows(address)) return {.status = 403};
  const std::string_view host = comparable_host(request.host);
  Refusals refusals;
  for (const Rule& rule : rules_) {
    if (!rule.host.matches(host)) continue;
    if (!rule.ip_filter.allows(address)) {
      refusals.by_address = true;
      continue;
    }
    for (const Path& path : rule.paths) {
      if (accepts(path, request, address, refusals)) return {.route = &path.route};
    }
  }
  return refuse(refusals);
}

bool Router::accepts(const Path& path, const http::Request& request, const Address& address,
                     Refusals& refusals) {
  if (!path.route.matches_path(request.path)) return false;
  if (!path.methods.empty() && !path.methods.contains(request.method)) {
    refusals.allowed.add(path.methods);
  } else if (!path.headers.matches(request) || !path.queries.matches(request)) {
    refusals.by_value = true;
  } else if (!path.ip_filter.allows(address)) {
    refusals.by_address = true;
  } else {
    return true;
  }
  return false;
}

Match Router::refuse(const Refusals& refusals) {
  if (refusals.by_address) return {.status = 403};
  if (refusals.by_value) return {.status = 400};
  if (!refusals.allowed.empty()) return {.status = 405, .allow = refusals.allowed.to_string()};
  return {.status = 404};
}

}  // namespace sluice::router
