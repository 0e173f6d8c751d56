// SPDX-License-Identifier: Apache-2.0
// Settings: the directives that http, server and location pass down.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "egctl/nginx/access.h"
#include "egctl/nginx/notes.h"
#include "egctl/nginx/real_ip.h"
#include "egctl/nginx/response_headers.h"

namespace sluice::egctl::nginx {

struct Settings {
  std::vector<Directive> headers;  // proxy_set_header; a level with any has none of the outer ones
  bool gzip = false;
  std::int64_t gzip_min_length = 20;
  std::optional<std::int64_t> body_bytes_max;  // 0: no limit
  std::string root;
  std::vector<std::string> index;
  std::string type;                  // default_type, below http
  const Directive* types = nullptr;  // `types`, below http
  bool precompressed = false;
  std::optional<std::int64_t> connect_time;  // milliseconds
  std::optional<std::int64_t> read_time;
  std::optional<std::int64_t> send_time;
  bool tries_next = true;         // proxy_next_upstream
  std::vector<Directive> limits;  // limit_req
  RealIp real_ip;
  ResponseHeaders response;
  Access access;
  // The status that everything on this level and inside it answers; 0: it is open. Never goes back
  // to 0.
  int closed = 0;
};

// What closed things answer.
inline constexpr int kForbidden = 403;
inline constexpr int kNotFound = 404;
inline constexpr int kNotConverted = 503;

enum class Level { http, server, location };

// Of a level: takes what it knows of `block` into `settings`, and returns the rest.
[[nodiscard]] std::vector<const Directive*> take_settings(const std::vector<Directive>& block,
                                                          Level level, Settings& settings,
                                                          Notes& notes);

// Leaves a directive out, which is the only way to do so: closes the level unless the directive is
// known to be harmless.
void leave_out(const Directive& directive, Settings& settings, Notes& notes);

// Closes the level, with a note.
void close_for(const Directive& directive, const std::string& why, Settings& settings,
               Notes& notes);

}  // namespace sluice::egctl::nginx
