// SPDX-License-Identifier: Apache-2.0
// Settings: the directives that http, server and location pass down.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "egctl/nginx/notes.h"

namespace sluice::egctl::nginx {

struct Settings {
  std::vector<Directive> headers;  // proxy_set_header; a level with any has none of the outer ones
  bool gzip = false;
  std::int64_t gzip_min_length = 20;
  std::optional<std::int64_t> body_bytes_max;  // 0: no limit
  std::string root;
  std::vector<std::string> index;
  // A directive that keeps clients out and has no counterpart: "auth_basic at site.conf:3". What it
  // protects is closed, because it must not lie open.
  std::string protection;
};

// Of a level: takes what it knows of `block` into `settings`, and returns the rest.
[[nodiscard]] std::vector<const Directive*> take_settings(const std::vector<Directive>& block,
                                                          Settings& settings, Notes& notes);

// What the headers come to, for a path and for its Proxy.
struct HeaderChanges {
  Json set;                // setHeaders of the path
  bool keep_host = false;  // the client's Host is passed on
  std::string host;        // another one
};
// `server_name`, `port` and `proxy_host`: the values of these variables.
[[nodiscard]] HeaderChanges header_changes(const Settings& settings, const std::string& server_name,
                                           int port, const std::string& proxy_host, Notes& notes);

}  // namespace sluice::egctl::nginx
