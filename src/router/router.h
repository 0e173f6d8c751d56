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
#include "router/rule_index.h"
#include "router/rule_spec.h"
#include "router/segment_path.h"
#include "router/value_matcher.h"

namespace sluice::router {

// pathNormalization: how paths are normalized, and whether doubtful ones are admitted.
enum class PathMode {
  strict,   // normal form; a path with doubts is refused
  rfc3986,  // normal form; a path with doubts is refused if another reading of it goes elsewhere
  off       // the path as received
};

// The destination of a request. Its Router owns it.
class Route {
 public:
  // Adds the faults of `spec` below `path`.
  Route(const PathSpec& spec, RouterKind kind, PathMode mode, const std::string& path,
        config::Faults& faults);

  std::string backend;  // the name of a pipeline
  std::int64_t client_max_body_size =
      0;                      // bytes; 0: as for the server; negative: streamed without limit
  std::size_t treatment = 0;  // equal for routes that treat a request alike
  std::size_t place = 0;      // among all paths, in the order of the spec
  Ordinal ordinal = 0;        // its place among all paths, in the order in which they are tried

  [[nodiscard]] bool sets_headers() const { return !headers_.empty(); }
  // Sets the headers of setHeaders. Requires: rewrite() was not called yet, since $uri is the
  // received path.
  void set_headers(http::Request& request, const HeaderFacts& facts) const {
    headers_.apply(request, facts);
  }
  // Returns 0 and puts the new path into normal form. Returns 414 if the new path would be too
  // long, 400 if it would have dot segments (other than with PathMode::off); the path is then
  // unspecified.
  [[nodiscard]] int rewrite(http::Request& request) const;
  [[nodiscard]] const PathMatcher& path() const { return path_; }

 private:
  PathMatcher path_;
  HeaderSetter headers_;
  PathMode mode_;
};

struct Match {
  int status = 0;                         // 0: matched; else 403, 400, 405 or 404
  const Route* route = nullptr;           // set if matched
  http::Cause cause = http::Cause::none;  // unless matched
  std::string allow{};                    // for 405: the value of the Allow header
  const char* reason = "";                // for 400: the doubt about the path
};

// The path of a request on arrival.
struct Arrival {
  bool changed = false;       // the received path was not in normal form
  http::PathDoubts doubts{};  // none with PathMode::off
};

class Router {
 public:
  // Matches no request: 404.
  Router() = default;
  // Builds a Router from a decoded spec. The result is incomplete if there was a fault.
  [[nodiscard]] static Router build(const RouterSpec& spec, config::Faults& faults);

  // Puts the path of a request into normal form, as pathNormalization says, so that rules, filters,
  // logs and backends see the same path. Removes fields that a backend may confuse with those of
  // this gateway (http/field_twins.h). Does not allocate for a path that is in normal form.
  Arrival receive(http::Request& request) const;
  // The fields that the rules set or read: the trailers of a request have none of them.
  [[nodiscard]] const http::FieldTwins& owned_fields() const { return owned_; }

  // Tests the rules in order, and the paths of each rule in order. The first path that matches
  // wins. A path is tested for its text, method, headers, queries and client address. The server's
  // address filter refuses at once (403). So does a path that matches except for the client's
  // address. Other rejections count only if no later path matches, by precedence: 403, 400, 405,
  // 404. A path with doubts is refused (400) as PathMode says. A path is also refused if it differs
  // only by case or a trailing slash from the path of an earlier rule that treats requests
  // otherwise, unless a rule has exactly this text in `path`. Does not allocate unless there are
  // doubts, queries or regular expressions.
  [[nodiscard]] Match route(const http::Request& request, std::string_view client_ip,
                            http::PathDoubts doubts = {}) const;
  // Returns whether the server's address filter admits a request that is for none of its paths.
  [[nodiscard]] bool admits(std::string_view client_ip) const;

 private:
  using ClientIp = std::optional<config::IpAddress>;
  struct Path {
    Route route;
    MethodSet methods;  // empty: any
    ValueMatcher headers;
    ValueMatcher queries;
    IpFilter ip_filter;
    std::uint32_t rule;
    PathRank rank;  // RadixTree only
  };
  struct CompiledRule {
    HostMatcher host;
    IpFilter ip_filter;
    RuleIndex::Group group;
  };
  struct Rejections {
    bool by_address = false;
    bool by_value = false;
    MethodSet allowed{};  // the methods of paths that refused the request's method
  };
  // The input of one search.
  struct Asked {
    const http::Request& request;
    std::string_view host;
    std::string_view path;  // decoded
    const ClientIp& address;
    // Null: search for the path that matches. Else: search for the first path before `until` that
    // nearly matches, or `until`.
    const Route* until = nullptr;
  };
  class HostCheck;

  void add(const RuleSpec& spec, const std::string& path, config::Faults& faults);
  Path build_path(const PathSpec& spec, const std::string& path, config::Faults& faults);
  void note_treatments(const RouterSpec& spec);
  void build_index();
  void note_names(const RouterSpec& spec);

  struct Finding {
    Match match;
    bool is_first = false;  // no path before it was a candidate
  };
  [[nodiscard]] Finding find(const Asked& asked) const;
  // True if a server that ignores case and trailing slashes would take the path for that of another
  // rule, which names more of it and treats it otherwise. Requires: find(asked) has found a route.
  [[nodiscard]] bool is_near_another(const Finding& found, const Asked& asked) const;
  // True if every reading of the path gets the same treatment.
  [[nodiscard]] bool is_unanimous(const Route& route, const Asked& asked) const;
  static bool accepts(const Path& path, const Asked& asked, Rejections& rejections);
  // True if the filter of a rule for this host refuses the address.
  [[nodiscard]] bool is_filtered(const Asked& asked) const;
  static Match refuse(const Rejections& rejections);

  PathMode mode_ = PathMode::rfc3986;
  RouterKind kind_ = RouterKind::ordered;
  http::FieldTwins twins_;
  http::FieldTwins owned_;
  IpFilter ip_filter_;
  std::vector<CompiledRule> rules_;
  std::vector<Path> paths_;  // by ordinal
  RuleIndex index_;
  std::vector<std::vector<std::uint32_t>> filtered_;  // by group: the rules with a filter
  bool needs_address_ = false;                        // some filter is active
  bool one_treatment_ = true;                         // all routes treat a request alike
};

}  // namespace sluice::router
