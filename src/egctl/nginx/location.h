// SPDX-License-Identifier: Apache-2.0
// Location: a path of an HTTPServer and the filters of its Pipeline.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "egctl/nginx/backends.h"
#include "egctl/nginx/rate_limits.h"
#include "egctl/nginx/settings.h"

namespace sluice::egctl::nginx {

struct Location {
  enum class Match {
    first,  // before all others: `rewrite` of a server
    exact,
    inner_regexp,  // inside a prefix
    firm_prefix,
    regexp,
    prefix,
  } match = Match::prefix;
  std::string text{};  // of a prefix and of an exact one; of an inner_regexp the prefix around it
  std::string name{"/"};                   // as written
  const Directive* directive = nullptr;    // null: the rest of a server
  const Directive* place = nullptr;        // for notes: the directive, or the server
  std::vector<const Directive*> around{};  // the locations around it
  Json path = Json::object();              // of the rules, without `backend`
  std::vector<Json> before{};              // the filters before the content
  std::vector<Json> content{};             // those that answer
  std::vector<Json> fallback{};            // those that answer if there is no such file
  std::string root{};                      // of files that stand under their own path
  std::vector<std::string> index{};
  const Directive* tries = nullptr;  // try_files
  // Milliseconds of silence that end a WebSocket of it.
  std::optional<std::int64_t> tunnel_time{};
  bool adds_slash = false;  // it redirects from the path of another one without its slash
  bool closed = false;
};
using NamedLocations = std::map<std::string, Location>;

// The server around a location.
struct Surroundings {
  const Upstreams& upstreams;
  const LimitZones& zones;
  std::function<std::string(const std::string&)> path_of;  // of a file that the configuration names
  const Directive* server = nullptr;
  std::string server_name{};  // the first one
  int port = 0;
  std::vector<Json> before{};  // filters of the server itself
  // Its connections begin with a PROXY header, of which nginx does not take the client's address.
  bool proxied = false;
};

struct Locations {
  std::vector<Location> list{};
  NamedLocations named{};
  // A location whose paths cannot be told from others: then everything is closed.
  const Directive* lost = nullptr;
};

// The Retry policy of pools with several servers.
inline constexpr const char* kNextServer = "next";

[[nodiscard]] bool is_prefix(const Location& location);
// Makes the location answer `status`, whoever asks.
void close_location(Location& location, int status);

}  // namespace sluice::egctl::nginx
