// SPDX-License-Identifier: Apache-2.0
// Router: request -> rule -> path -> name of a pipeline. Immutable; shared by all cores.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"
#include "http/message.h"
#include "router/header_template.h"
#include "router/host_matcher.h"
#include "router/ip_filter.h"
#include "router/method_set.h"
#include "router/path_matcher.h"
#include "router/server_spec.h"
#include "router/value_matcher.h"

namespace sluice::router {

// Where a request goes. Lives as long as its Router.
class Route {
 public:
  Route(const PathSpec& spec, const std::string& path, config::Faults& faults);

  std::string backend;
  std::int64_t client_max_body_size = 0;  // 0: as the server

  // Puts the headers of setHeaders in. Call it before rewrite(): $uri is the path as it came.
  void set_headers(http::Request& request, std::string_view client_ip) const {
    headers_.apply(request, client_ip);
  }
  // False, and nothing changed, if the new path would be too long: answer 414.
  bool rewrite(http::Request& request) const { return path_.rewrite(request); }
  [[nodiscard]] bool matches_path(std::string_view path) const { return path_.matches(path); }

 private:
  PathMatcher path_;
  HeaderSetter headers_;
};

struct Match {
  int status = 0;                // 0: matched; else 403, 400, 405 or 404
  const Route* route = nullptr;  // if matched
  std::string allow{};           // for 405: the value of the Allow header
};

class Router {
 public:
  // Matches nothing: 404.
  Router() = default;
  // Of a decoded spec. Incomplete if there was a fault.
  [[nodiscard]] static Router build(const HttpServerSpec& spec, config::Faults& faults);

  // Rules in order, and in each its paths in order: the first that fits is taken. A path is tested
  // for its text, method, headers, queries, client address. What refuses a request only counts if
  // nothing else takes it: then 403 goes before 400 before 405 before 404. The address filter of
  // the server refuses at once. Does not allocate unless queries or regular expressions are
  // involved.
  [[nodiscard]] Match route(const http::Request& request, std::string_view client_ip) const;
  // What the address filter of the server says, for a request that is for none of its paths.
  [[nodiscard]] bool admits(std::string_view client_ip) const;

 private:
  using Address = std::optional<config::IpAddress>;
  struct Path {
    Route route;
    MethodSet methods;  // empty: any
    ValueMatcher headers;
    ValueMatcher queries;
    IpFilter ip_filter;
  };
  struct Rule {
    HostMatcher host;
    IpFilter ip_filter;
    std::vector<Path> paths;
  };
  struct Refusals {
    bool by_address = false;
    bool by_value = false;
    MethodSet allowed{};  // by the paths that refused the method
  };

  static Path build_path(const PathSpec& spec, const std::string& path, config::Faults& faults);
  static Rule build_rule(const RuleSpec& spec, const std::string& path, config::Faults& faults);
  static bool accepts(const Path& path, const http::Request& request, const Address& address,
                      Refusals& refusals);
  static Match refuse(const Refusals& refusals);

  IpFilter ip_filter_;
  std::vector<Rule> rules_;
  bool needs_address_ = false;  // some filter is active
};

}  // namespace sluice::router
