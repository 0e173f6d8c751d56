// SPDX-License-Identifier: Apache-2.0
// For tests: the rules of a server as docs/rules.md states them, tried one after the other. Router
// gives the same answers, however it finds the candidates.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/path.h"
#include "router/router.h"

namespace sluice::router {

class LinearRouter {
 public:
  // `treatments` of its routes are numbered as those of Router. Requires: `spec` has no faults.
  explicit LinearRouter(const RouterSpec& spec) : ip_filter_(spec.ip_filter) {
    if (spec.path_normalization == "off") mode_ = PathMode::off;
    if (spec.path_normalization == "strict") mode_ = PathMode::strict;
    active_ = ip_filter_.is_active();
    for (const RuleSpec& rule : spec.rules) add(rule);
  }

  [[nodiscard]] Match route(const http::Request& request, std::string_view client_ip,
                            http::PathDoubts doubts) const {
    const auto address = config::IpAddress::parse(client_ip);
    if (!ip_filter_.allows(address)) return {.status = 403};
    if (mode_ == PathMode::strict && !doubts.empty())
      return {.status = 400, .reason = doubts.text()};
    const Question question{request, comparable_host(request.host), request.path, address};
    Match match = first(question);
    if (match.status != 0 || mode_ == PathMode::off) return match;
    if (match.route->path().spells_out(question.path)) return match;
    if (has_near(*match.route, question))
      return {.status = 400,
              .reason = "but for case or a slash at the end it is that of another rule"};
    if (!doubts.empty() && !all_agree(*match.route, question))
      return {.status = 400, .reason = "some servers read it as that of another rule"};
    return match;
  }

 private:
  struct LinearPath {
    Route route;
    MethodSet methods;
    ValueMatcher headers;
    ValueMatcher queries;
    IpFilter ip_filter;
  };
  struct LinearRule {
    HostMatcher host;
    IpFilter ip_filter;
    std::vector<LinearPath> paths;
  };
  struct Question {
    const http::Request& request;
    std::string_view host;
    std::string_view path;
    std::optional<config::IpAddress> address;
    const Route* until = nullptr;
  };

  void add(const RuleSpec& spec) {
    using enum ValueMatcher::ValueSource;
    config::Faults faults;
    LinearRule rule{HostMatcher(spec, "", faults), IpFilter(spec.ip_filter), {}};
    active_ |= rule.ip_filter.is_active();
    for (const PathSpec& path : spec.paths) {
      LinearPath made{Route(path, RouterKind::ordered, mode_, "", faults),
                      {},
                      ValueMatcher(headers, path.headers, path.match_all_header, "", faults),
                      ValueMatcher(query, path.queries, path.match_all_query, "", faults),
                      IpFilter(path.ip_filter)};
      for (const std::string& method : path.methods) made.methods.add(method);
      made.route.treatment = treatment_of(path);
      active_ |= made.ip_filter.is_active();
      rule.paths.push_back(std::move(made));
    }
    rules_.push_back(std::move(rule));
  }

  std::size_t treatment_of(const PathSpec& path) {
    const auto found = std::ranges::find_if(known_, [&](const PathSpec& other) {
      return path.backend == other.backend && path.set_headers == other.set_headers &&
             path.client_max_body_size == other.client_max_body_size;
    });
    const auto place = static_cast<std::size_t>(found - known_.begin());
    if (found == known_.end()) known_.push_back(path);
    return place;
  }

  [[nodiscard]] Match first(const Question& question) const {
    bool by_address = false;
    bool by_value = false;
    MethodSet allowed;
    for (const LinearRule& rule : rules_) {
      if (!rule.host.matches(question.host)) continue;
      const bool admitted = rule.ip_filter.allows(question.address);
      by_address |= !admitted;
      for (const LinearPath& path : rule.paths) {
        if (&path.route == question.until) return {.route = question.until};
        const PathMatcher& text = path.route.path();
        if (question.until == nullptr ? !text.matches(question.path)
                                      : !text.nearly_matches(question.path))
          continue;
        if (!path.methods.empty() && !path.methods.contains(question.request.method)) {
          allowed.add(path.methods);
        } else if (!path.headers.matches(question.request) ||
                   !path.queries.matches(question.request)) {
          by_value = true;
        } else if (!admitted || !path.ip_filter.allows(question.address)) {
          return {.status = 403};
        } else {
          return {.route = &path.route};
        }
      }
    }
    if (by_address) return {.status = 403};
    if (by_value) return {.status = 400};
    if (!allowed.empty()) return {.status = 405, .allow = allowed.to_string()};
    return {.status = 404};
  }

  [[nodiscard]] bool has_near(const Route& route, Question question) const {
    if (known_.size() <= 1 && !active_) return false;
    question.until = &route;
    const Match other = first(question);
    if (other.status != 0) return true;
    return other.route->treatment != route.treatment &&
           other.route->path().bytes_named(question.path) > route.path().bytes_named(question.path);
  }

  [[nodiscard]] bool all_agree(const Route& route, const Question& question) const {
    const auto readings = http::path_readings(question.path);
    if (!readings) return false;
    return std::ranges::all_of(*readings, [&](const std::string& path) {
      const Question reading{question.request, question.host, path, question.address};
      const Match match = first(reading);
      return match.status == 0 && match.route->treatment == route.treatment &&
             !has_near(*match.route, reading);
    });
  }

  PathMode mode_ = PathMode::rfc3986;
  IpFilter ip_filter_;
  bool active_ = false;  // some filter is active
  std::deque<LinearRule> rules_;
  std::deque<PathSpec> known_;  // one of each treatment
};

}  // namespace sluice::router
