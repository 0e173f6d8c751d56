// SPDX-License-Identifier: Apache-2.0
#include "backend/server.h"

#include <optional>

#include "base/host_port.h"
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
  const HostPort parts = split_host_port(authority);
  if (parts.host.empty() || !http::is_host(authority)) return refuse(url, "has no valid host");
  const auto text = parts.port();
  const auto port = text ? parse_port(*text) : std::optional<std::uint16_t>(secure ? 443 : 80);
  if (!port || *port == 0) return refuse(url, "has no valid port");
  rest.remove_prefix(authority.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);

  Server server;
  server.url = url;
  server.host = without_brackets(parts.host);
  server.port = *port;
  server.secure = secure;
  server.authority = authority;
  server.path = rest;
  server.has_ip_host = net::is_ip_literal(server.host);
  return server;
}

}  // namespace sluice::backend
