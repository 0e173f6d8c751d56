// SPDX-License-Identifier: Apache-2.0
#include "backend/server.h"

#include <charconv>
#include <optional>

#include "http/message.h"
#include "net/resolver.h"

namespace sluice::backend {
namespace {

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kSecure = "https://";

std::unexpected<Error> refuse(std::string_view url, std::string_view reason) {
  // The text before an @ may be a password.
  const std::size_t at = url.rfind('@');
  const std::string shown =
      at == std::string_view::npos ? std::string(url) : "…" + std::string(url.substr(at));
  return fail(ErrorKind::invalid, "\"" + shown + "\" " + std::string(reason));
}

// nullopt if it is not a port.
std::optional<std::uint16_t> port_of(std::string_view authority, std::string_view host,
                                     std::uint16_t if_none) {
  if (authority.size() == host.size()) return if_none;
  const std::string_view digits = authority.substr(host.size() + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0)
    return std::nullopt;
  return port;
}

}  // namespace

Result<Server> parse_server_url(std::string_view url) {
  const bool secure = url.starts_with(kSecure);
  if (!secure && !url.starts_with(kPlain)) {
    return refuse(url, "is not a URL, try http://10.0.0.1:8080");
  }
  std::string_view rest = url.substr(secure ? kSecure.size() : kPlain.size());
  if (rest.find_first_of("?#@") != std::string_view::npos) {
    return refuse(url, "must not have a user, a query or a fragment");
  }
  const std::string_view authority = rest.substr(0, rest.find('/'));
  const std::string_view host = http::host_without_port(authority);
  if (host.empty() || !http::is_host(authority)) return refuse(url, "has no valid host");
  const auto port = port_of(authority, host, secure ? 443 : 80);
  if (!port) return refuse(url, "has no valid port");
  rest.remove_prefix(authority.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);

  Server server;
  server.url = url;
  server.host = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
  server.port = *port;
  server.secure = secure;
  server.authority = authority;
  server.path = rest;
  server.has_ip_host = net::is_ip_literal(server.host);
  return server;
}

}  // namespace sluice::backend
