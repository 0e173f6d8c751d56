// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/virtual_server.h"

#include <array>
#include <string_view>

#include "base/host_port.h"
#include "base/text.h"
#include "egctl/nginx/expressions.h"

namespace sluice::egctl::nginx {
namespace {

// "8080", "*:8080", "127.0.0.1:8080", "[::1]:8080", "localhost"
bool take_address(const std::string& word, Listen& listen) {
  if (word.starts_with("unix:")) return false;
  if (const auto port = to_number<std::uint16_t>(word)) {
    listen.port = *port;
    return *port > 0;
  }
  const HostPort parts = split_host_port(word);
  if (!parts.rest.empty()) {
    const auto port = parts.port().and_then(parse_port);
    if (!port || *port == 0) return false;
    listen.port = *port;
  }
  listen.address = without_brackets(parts.host);
  if (listen.address == "*" || listen.address == "0.0.0.0" || listen.address == "::")
    listen.address.clear();
  return true;
}

// Words that concern the socket, and not who may send what.
bool is_of_socket(const std::string& word) {
  constexpr std::array<std::string_view, 4> kPlain = {"http2", "reuseport", "deferred", "bind"};
  constexpr std::array<std::string_view, 8> kWithValue = {
      "backlog=",  "rcvbuf=",   "sndbuf=", "so_keepalive=",
      "ipv6only=", "fastopen=", "setfib=", "accept_filter="};
  return std::ranges::find(kPlain, word) != kPlain.end() ||
         std::ranges::any_of(kWithValue,
                             [&word](std::string_view key) { return word.starts_with(key); });
}

void read_listen(const Directive& directive, VirtualServer& server, Notes& notes) {
  Listen listen;
  if (directive.words.empty() || !take_address(directive.words[0], listen))
    return notes.add(directive, "is not converted: no client gets in by this address");
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    if (word == "ssl") {
      listen.tls = true;
    } else if (word == "default_server" || word == "default") {
      listen.is_default = true;
    } else if (word == "proxy_protocol") {
      listen.proxy_protocol = true;
    } else if (word == "quic") {
      return notes.add(directive, "HTTP/3 is not converted");
    } else if (!is_of_socket(word)) {
      close_for(directive, word + " is not converted", server.settings, notes);
    }
  }
  // [::]:80 beside 80.
  const auto known = std::ranges::find_if(server.listens, [&](const Listen& other) {
    return other.address == listen.address && other.port == listen.port;
  });
  if (known == server.listens.end()) return server.listens.push_back(listen);
  known->tls = known->tls || listen.tls;
  known->is_default = known->is_default || listen.is_default;
  known->proxy_protocol = known->proxy_protocol || listen.proxy_protocol;
}

bool take_tls(const Directive& directive, VirtualServer& server) {
  if (directive.name == "ssl_certificate") {
    server.certificate = &directive;
  } else if (directive.name == "ssl_certificate_key") {
    server.key = &directive;
  } else if (directive.name == "ssl_client_certificate") {
    server.client_authority = &directive;
  } else if (directive.name == "ssl_verify_client") {
    server.verification = &directive;
  } else {
    return false;
  }
  return true;
}

void take_proxies(VirtualServer& server, Notes& notes) {
  const RealIp& real_ip = server.settings.real_ip;
  const auto proxies = trusted_proxies(real_ip);
  if (!proxies)
    return close_for(real_ip.from[0],
                     "is not converted: trustedProxies of the HTTPServer takes addresses, and "
                     "reads X-Forwarded-For",
                     server.settings, notes);
  server.trusted_proxies = *proxies;
  if (!proxies->is_null() && !real_ip.recursive)
    notes.add(real_ip.from[0], "trustedProxies searches as with real_ip_recursive on");
}

}  // namespace

VirtualServer read_server(const Directive& directive, const Settings& outer, Notes& notes) {
  VirtualServer server{.directive = &directive, .settings = outer};
  bool listens = false;
  for (const Directive* one :
       take_settings(directive.block, Level::server, server.settings, notes)) {
    // `return` ends what nginx does with a request.
    const bool reached = server.answer == nullptr;
    if (one->name == "listen") {
      listens = true;
      read_listen(*one, server, notes);
    } else if (one->name == "server_name") {
      server.names.insert(server.names.end(), one->words.begin(), one->words.end());
    } else if (one->name == "location") {
      server.locations.push_back(one);
    } else if (one->name == "return") {
      if (reached) server.answer = one;
    } else if (one->name == "rewrite") {
      if (reached) server.rewrites.push_back(one);
    } else if (one->name == "if") {
      if (reached) server.conditions.push_back(one);
    } else if (!take_tls(*one, server)) {
      leave_out(*one, server.settings, notes);
    }
  }
  if (!listens) server.listens.push_back({});
  take_proxies(server, notes);
  return server;
}

std::vector<ServerName> server_names(const std::string& word) {
  using Rank = ServerName::Rank;
  if (word.empty() || word == "_") return {};
  if (word[0] == '~') {
    // A wider expression would take hosts of other servers. A gateway refuses what RE2 lacks.
    const auto made = expression_of(word.substr(1), true);
    return {{Rank::regexp, made && !made->wider ? made->text : "(?i)" + word.substr(1)}};
  }
  const std::string name = lower_case(word);
  if (name[0] == '.') return {{Rank::exact, name.substr(1)}, {Rank::suffix, "*" + name}};
  if (name.starts_with("*.")) return {{Rank::suffix, name}};
  if (name.ends_with(".*")) return {{Rank::prefix, name}};
  return {{Rank::exact, name}};
}

}  // namespace sluice::egctl::nginx
