// SPDX-License-Identifier: Apache-2.0
// Router: request -> rule -> path -> name of a pipeline. Immutable; shared by all cores.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"
#include "http/field_twins.h"
#include "http/message.h"
#include "http/path.h"
#include "router/header_template.h"
#include "router/host_matcher.h"
#include "router/ip_filter.h"
#include "router/method_set.h"
#include "router/path_matcher.h"
#include "router/server_spec.h"
#include "router/value_matcher.h"

namespace sluice::router {

// pathNormalization: how a path is made one spelling, and whether doubtful ones are let through.
enum class PathMode {
  strict,   // normal form; a path with doubts is refused
  rfc3986,  // normal form; a path with doubts is refused if another reading of it goes elsewhere
  off       // as it came
};

// Where a request goes. Lives as long as its Router.
class Route {
 public:
  Route(const PathSpec& spec, PathMode mode, const std::string& path, config::Faults& faults);

  std::string backend;
  std::int64_t client_max_body_size = 0;  // 0: as the server
  std::size_t treatment = 0;              // the same for routes that treat a request alike

  // Puts the headers of setHeaders in. Call it before rewrite(): $uri is the path as it came.
  void set_headers(http::Request& request, std::string_view client_ip) const {
    headers_.apply(request, client_ip);
  }
  // 0; or, and then the path is of no use, 414 if the new path would be too long, 400 if it would
  // have dot segments (other than with PathMode::off). The new path is in normal form.
  [[nodiscard]] int rewrite(http::Request& request) const;
  [[nodiscard]] const PathMatcher& path() const { return path_; }

 private:
  PathMatcher path_;
  HeaderSetter headers_;
  PathMode mode_;
};

struct Match {
  int status = 0;                // 0: matched; else 403, 400, 405 or 404
  const Route* route = nullptr;  // if matched
  std::string allow{};           // for 405: the value of the Allow header
  const char* reason = "";       // of a 400: what about the path is in doubt
};

// The path of a request on arrival.
struct Arrival {
  bool changed = false;       // it came in another spelling
  http::PathDoubts doubts{};  // none with PathMode::off
};

class Router {
 public:
  // Matches nothing: 404.
  Router() = default;
  // Of a decoded spec. Incomplete if there was a fault.
  [[nodiscard]] static Router build(const HttpServerSpec& spec, config::Faults& faults);

  // Puts the path of a request into normal form, as pathNormalization says: from here on rules,
  // filters, logs and backends see the same. Removes fields that backends may take for those that
  // this gateway writes (http/field_twins.h). Does not allocate for a path that is in normal form.
  Arrival receive(http::Request& request) const;
  // The rules set or look at fields of the request: names that are the gateway's own.
  [[nodiscard]] bool owns_fields() const { return !owned_.empty(); }
  // Takes these names, and what reads like them, out of the trailers of a request: backends that
  // merge them into its head would take a stranger's for the gateway's.
  void sift_trailers(http::Headers& trailers) const { owned_.remove_with_twins(trailers); }

  // Rules in order, and in each its paths in order: the first that fits is taken. A path is tested
  // for its text, method, headers, queries, client address. A path that fits but for the client's
  // address refuses at once (403), as does the address filter of the server; every other refusal
  // only counts if nothing else takes the request: then 403 goes before 400 before 405 before 404.
  // A path with doubts is refused (400) as PathMode says, and so is one that differs from that of a
  // rule before, which treats requests otherwise, only by the case of letters or a slash at its
  // end; a rule with the very text of the path in `path` takes it all the same. Does not allocate
  // unless there are doubts, queries or regular expressions.
  [[nodiscard]] Match route(const http::Request& request, std::string_view client_ip,
                            http::PathDoubts doubts = {}) const;
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
  // One question to the rules.
  struct Asked {
    const http::Request& request;
    std::string_view host;
    std::string_view path;  // decoded
    const Address& address;
    // null: the path that fits. Else the first before this one that nearly fits, or this one.
    const Route* until = nullptr;
  };

  void add(const RuleSpec& spec, const std::string& path, config::Faults& faults);
  Path build_path(const PathSpec& spec, const std::string& path, config::Faults& faults);
  void note_treatments(const HttpServerSpec& spec);
  void note_names(const HttpServerSpec& spec);

  [[nodiscard]] Match find(const Asked& asked) const;
  // True if a server that is lax about case and slashes would take the path for that of a rule
  // that names more of it, and treats it in another way.
  [[nodiscard]] bool is_near_another(const Route& route, const Asked& asked) const;
  // True if every reading of the path gets the same treatment.
  [[nodiscard]] bool is_unanimous(const Route& route, const Asked& asked) const;
  static bool accepts(const Path& path, const Asked& asked, Refusals& refusals);
  static Match refuse(const Refusals& refusals);

  PathMode mode_ = PathMode::rfc3986;
  http::FieldTwins twins_;
  http::FieldTwins owned_;
  IpFilter ip_filter_;
  std::vector<Rule> rules_;
  bool needs_address_ = false;  // some filter is active
  bool one_treatment_ = true;   // all routes treat a request alike
};

}  // namespace sluice::router
