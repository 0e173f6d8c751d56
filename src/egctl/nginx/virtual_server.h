// SPDX-License-Identifier: Apache-2.0
// VirtualServer: a `server` block of nginx.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "egctl/nginx/locations.h"
#include "egctl/nginx/settings.h"

namespace sluice::egctl::nginx {

struct Listen {
  std::string address;  // "": all
  int port = 80;
  bool tls = false;
  bool is_default = false;
  bool proxy_protocol = false;
};

struct VirtualServer {
  const Directive* directive = nullptr;
  Settings settings{};
  std::vector<Listen> listens{};     // none: it has no address that can be converted
  std::vector<std::string> names{};  // as written
  const Directive* certificate = nullptr;
  const Directive* key = nullptr;
  const Directive* client_authority = nullptr;
  const Directive* verification = nullptr;  // ssl_verify_client
  Json trusted_proxies{};                   // of the HTTPServer; null: none
  const Directive* answer = nullptr;        // its `return`
  std::vector<const Directive*> rewrites{};
  std::vector<const Directive*> conditions{};  // `if`
  std::vector<const Directive*> locations{};
};

[[nodiscard]] VirtualServer read_server(const Directive& directive, const Settings& outer,
                                        Notes& notes);

// A name as a condition of a rule, and how nginx ranks it.
struct ServerName {
  enum class Rank { exact, suffix, prefix, regexp } rank = Rank::exact;
  std::string text;  // "www.example.com", "*.example.com", "www.*", or an expression
};
// Two for ".example.com"; none for "_" and "", which no request has.
[[nodiscard]] std::vector<ServerName> server_names(const std::string& word);

}  // namespace sluice::egctl::nginx
