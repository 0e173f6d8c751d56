// SPDX-License-Identifier: Apache-2.0
#include "router/router.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace sluice::router {

using config::join_path;
using http::Cause;

namespace {

constexpr const char* kManyReadings = "some servers read it as that of another rule";
constexpr const char* kNear = "but for case or a slash at the end it is that of another rule";

PathMode parse_mode(std::string_view text) {
  if (text == "strict") return PathMode::strict;
  return text == "off" ? PathMode::off : PathMode::rfc3986;
}

PathRank rank_of(const PathSpec& path) {
  constexpr int kPatternRank = 5;
  constexpr int kAllRank = 6;
  if (!path.path.empty()) return rank_of_segments(path.path, false);
  if (!path.path_prefix.empty()) return rank_of_segments(path.path_prefix, true);
  return {{path.path_regexp.empty() ? kAllRank : kPatternRank, 0}};
}

// Equal for paths that treat a request alike.
auto treatment_key(const PathSpec& path) {
  return std::tie(path.backend, path.client_max_body_size, path.set_headers);
}

}  // namespace

Route::Route(const PathSpec& spec, RouterKind kind, PathMode mode, const std::string& path,
             config::Faults& faults)
    : backend(spec.backend),
      client_max_body_size(spec.client_max_body_size),
      path_(spec, kind, path, faults),
      headers_(spec.set_headers, path_.names(), join_path(path, "setHeaders"), faults),
      mode_(mode) {}

// A rule that removes or adds a prefix can create dot segments in the rest of the path.
int Route::rewrite(http::Request& request) const {
  if (!path_.has_target()) return 0;
  if (!path_.rewrite(request)) return 414;
  if (mode_ == PathMode::off || request.path == "*") return 0;
  const http::NormalPath normal = http::normalize_path(request.escaped_path);
  if (normal.had_dots) return 400;
  return !normal.changed || http::percent_decode(request.escaped_path, request.path) ? 0 : 400;
}

Router Router::build(const RouterSpec& spec, config::Faults& faults) {
  Router router;
  router.mode_ = parse_mode(spec.path_normalization);
  if (spec.router_kind == "RadixTree") router.kind_ = RouterKind::radix_tree;
  router.ip_filter_ = IpFilter(spec.ip_filter);
  router.needs_address_ = router.ip_filter_.is_active();
  for (std::size_t i = 0; i < spec.rules.size(); ++i)
    router.add(spec.rules[i], "rules[" + std::to_string(i) + "]", faults);
  router.note_treatments(spec);
  router.note_names(spec);
  router.build_index();
  return router;
}

void Router::add(const RuleSpec& spec, const std::string& path, config::Faults& faults) {
  CompiledRule rule{HostMatcher(spec, path, faults), IpFilter(spec.ip_filter), 0};
  rule.group = index_.group_of(rule.host);
  needs_address_ |= rule.ip_filter.is_active();
  const std::string paths = join_path(path, "paths");
  for (std::size_t i = 0; i < spec.paths.size(); ++i) {
    paths_.push_back(build_path(spec.paths[i], paths + "[" + std::to_string(i) + "]", faults));
    paths_.back().route.place = paths_.size() - 1;
    paths_.back().rule = static_cast<std::uint32_t>(rules_.size());
    needs_address_ |= paths_.back().ip_filter.is_active();
  }
  rules_.push_back(std::move(rule));
}

Router::Path Router::build_path(const PathSpec& spec, const std::string& path,
                                config::Faults& faults) {
  using enum ValueMatcher::ValueSource;
  Path out{
      Route(spec, kind_, mode_, path, faults),
      {},
      ValueMatcher(headers, spec.headers, spec.match_all_header, join_path(path, "headers"),
                   faults),
      ValueMatcher(query, spec.queries, spec.match_all_query, join_path(path, "queries"), faults),
      IpFilter(spec.ip_filter),
      0,
      kind_ == RouterKind::radix_tree ? rank_of(spec) : PathRank()};
  for (const std::string& method : spec.methods) out.methods.add(method);
  return out;
}

bool Router::admits(std::string_view client_ip) const {
  if (!ip_filter_.is_active()) return true;
  return ip_filter_.allows(config::IpAddress::parse(client_ip));
}

void Router::note_treatments(const RouterSpec& spec) {
  using Key = decltype(treatment_key(std::declval<const PathSpec&>()));
  std::map<Key, std::size_t> known;
  auto path = paths_.begin();
  for (const RuleSpec& rule : spec.rules) {
    for (const PathSpec& each : rule.paths)
      (path++)->route.treatment =
          known.try_emplace(treatment_key(each), known.size()).first->second;
  }
  one_treatment_ = known.size() <= 1;
}

// RadixTree tries the paths of a rule by rank, and those of one rank in order.
void Router::build_index() {
  if (kind_ == RouterKind::radix_tree) {
    std::ranges::stable_sort(paths_, [](const Path& a, const Path& b) {
      return std::tie(a.rule, a.rank) < std::tie(b.rule, b.rank);
    });
  }
  for (Ordinal i = 0; i < paths_.size(); ++i) {
    paths_[i].route.ordinal = i;
    index_.add(rules_[paths_[i].rule].group, paths_[i].route.path(), i);
  }
  index_.finish();
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    if (!rules_[i].ip_filter.is_active()) continue;
    filtered_.resize(std::max<std::size_t>(filtered_.size(), rules_[i].group + 1));
    filtered_[rules_[i].group].push_back(i);
  }
}

// Records the fields that the rules of this server set or read.
void Router::note_names(const RouterSpec& spec) {
  const bool twins = !spec.underscores_in_headers;
  if (twins) twins_ = http::FieldTwins::of_gateway();
  const auto note = [&](std::string_view name) {
    owned_.add(name);
    if (twins) twins_.add(name);
  };
  for (const RuleSpec& rule : spec.rules) {
    for (const PathSpec& path : rule.paths) {
      for (const ValueRuleSpec& condition : path.headers) note(condition.key);
      for (const auto& [name, _] : path.set_headers) note(name);
    }
  }
}

Arrival Router::receive(http::Request& request) const {
  twins_.remove_from(request.headers);
  if (mode_ == PathMode::off || request.path == "*") return {};
  const http::NormalPath normal = http::normalize_path(request.escaped_path);
  if (normal.changed && !http::percent_decode(request.escaped_path, request.path)) return {};
  return {normal.changed, normal.doubts};
}

Match Router::route(const http::Request& request, std::string_view client_ip,
                    http::PathDoubts doubts) const {
  const ClientIp address = needs_address_ ? config::IpAddress::parse(client_ip) : std::nullopt;
  if (!ip_filter_.allows(address)) return {.status = 403, .cause = Cause::ip_refused};
  if (mode_ == PathMode::strict && !doubts.empty())
    return {.status = 400, .cause = Cause::path_ambiguous, .reason = doubts.text()};
  const Asked asked{request, comparable_host(request.host), request.path, address};
  Finding found = find(asked);
  Match& match = found.match;
  if (match.status != 0 || mode_ == PathMode::off) return std::move(match);
  if (match.route->path().spells_out(asked.path)) return std::move(match);
  if (is_near_another(found, asked))
    return {.status = 400, .cause = Cause::path_ambiguous, .reason = kNear};
  if (!doubts.empty() && !is_unanimous(*match.route, asked))
    return {.status = 400, .cause = Cause::path_ambiguous, .reason = kManyReadings};
  return std::move(match);
}

// The paths of a rule often follow one another: the host of a rule is compared once.
class Router::HostCheck {
 public:
  HostCheck(const Router& router, std::string_view host) : router_(router), host_(host) {}
  // Returns the rule of `path` if it is for the host, else null.
  const CompiledRule* rule_of(const Path& path) {
    if (last_ != path.rule) {
      last_ = path.rule;
      const CompiledRule& rule = router_.rules_[path.rule];
      rule_ = rule.host.matches(host_) ? &rule : nullptr;
    }
    return rule_;
  }

 private:
  const Router& router_;
  std::string_view host_;
  std::optional<std::uint32_t> last_;
  const CompiledRule* rule_ = nullptr;
};

Router::Finding Router::find(const Asked& asked) const {
  Rejections rejections;
  HostCheck hosts(*this, asked.host);
  Candidates candidates;
  if (asked.until == nullptr) {
    index_.find(asked.host, asked.path, candidates);
  } else {
    index_.find_near(asked.host, asked.path, candidates);
  }
  for (bool is_first = true; const auto ordinal = candidates.next(); is_first = false) {
    if (asked.until != nullptr && *ordinal >= asked.until->ordinal) break;
    const Path& path = paths_[*ordinal];
    const CompiledRule* const rule = hosts.rule_of(path);
    if (rule == nullptr || !accepts(path, asked, rejections)) continue;
    if (!rule->ip_filter.allows(asked.address) || !path.ip_filter.allows(asked.address))
      return {{.status = 403, .cause = Cause::ip_refused}, is_first};
    return {{.route = &path.route}, is_first};
  }
  if (asked.until != nullptr) return {{.route = asked.until}};
  rejections.by_address = is_filtered(asked);
  return {refuse(rejections)};
}

bool Router::is_filtered(const Asked& asked) const {
  if (filtered_.empty()) return false;
  Candidates groups;
  index_.find_groups(asked.host, groups);
  const auto refuses = [&](std::uint32_t rule) {
    return rules_[rule].host.matches(asked.host) && !rules_[rule].ip_filter.allows(asked.address);
  };
  while (const auto group = groups.next()) {
    if (*group < filtered_.size() && std::ranges::any_of(filtered_[*group], refuses)) return true;
  }
  return false;
}

bool Router::is_near_another(const Finding& found, const Asked& asked) const {
  if (one_treatment_ && !needs_address_) return false;
  if (found.is_first && !index_.near_differs(asked.path)) return false;
  const Route& route = *found.match.route;
  Asked near = asked;
  near.until = &route;
  const Match other = find(near).match;
  if (other.status != 0) return true;
  return other.route->treatment != route.treatment &&
         other.route->path().bytes_named(asked.path) > route.path().bytes_named(asked.path);
}

bool Router::is_unanimous(const Route& route, const Asked& asked) const {
  const auto readings = http::path_readings(asked.path);
  if (!readings) return false;
  return std::ranges::all_of(*readings, [&](const std::string& path) {
    const Asked reading{asked.request, asked.host, path, asked.address};
    const Finding found = find(reading);
    return found.match.status == 0 && found.match.route->treatment == route.treatment &&
           !is_near_another(found, reading);
  });
}

bool Router::accepts(const Path& path, const Asked& asked, Rejections& rejections) {
  const PathMatcher& matcher = path.route.path();
  const bool near = asked.until != nullptr;
  if (!(near ? matcher.nearly_matches(asked.path) : matcher.matches(asked.path))) return false;
  if (!path.methods.empty() && !path.methods.contains(asked.request.method)) {
    rejections.allowed.add(path.methods);
  } else if (!path.headers.matches(asked.request) || !path.queries.matches(asked.request)) {
    rejections.by_value = true;
  } else {
    return true;
  }
  return false;
}

Match Router::refuse(const Rejections& rejections) {
  if (rejections.by_address) return {.status = 403, .cause = Cause::ip_refused};
  if (rejections.by_value) return {.status = 400, .cause = Cause::header_mismatch};
  if (!rejections.allowed.empty())
    return {
        .status = 405, .cause = Cause::method_not_allowed, .allow = rejections.allowed.to_string()};
  return {.status = 404, .cause = Cause::no_route};
}

}  // namespace sluice::router
