// SPDX-License-Identifier: Apache-2.0
// host:port as in URIs, Host fields and options (RFC 3986 section 3.2): an IPv6 address stands in
// brackets. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

struct HostPort {
  std::string_view host;  // an IPv6 address with its brackets
  std::string_view rest;  // the text after the host: "" or ":80"; anything else is not host:port

  // The text after the colon, not checked; nullopt without a colon.
  [[nodiscard]] constexpr std::optional<std::string_view> port() const {
    return rest.starts_with(':') ? std::optional(rest.substr(1)) : std::nullopt;
  }
};

// Splits after the brackets, or at the first colon. A bracket that is not closed belongs to the
// host with everything after it.
[[nodiscard]] constexpr HostPort split_host_port(std::string_view text) {
  if (!text.starts_with('[')) {
    const std::string_view host = text.substr(0, text.find(':'));
    return {host, text.substr(host.size())};
  }
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) return {text, {}};
  return {text.substr(0, end + 1), text.substr(end + 1)};
}

[[nodiscard]] constexpr bool is_bracketed(std::string_view host) {
  return host.starts_with('[') && host.ends_with(']');
}

// Returns "::1" for "[::1]", and any other host as it is.
[[nodiscard]] constexpr std::string_view without_brackets(std::string_view host) {
  return is_bracketed(host) ? host.substr(1, host.size() - 2) : host;
}

// Returns the host of "host:port", without brackets. Several colons without brackets are an IPv6
// address without a port, as some proxies write it.
[[nodiscard]] constexpr std::string_view bare_host(std::string_view text) {
  const HostPort parts = split_host_port(text);
  const bool bare_ipv6 = !text.starts_with('[') && parts.rest.find(':', 1) != parts.rest.npos;
  return bare_ipv6 ? text : without_brackets(parts.host);
}

// Returns 0..65535; nullopt if `text` is anything but the digits of such a number.
[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view text);

// Returns "10.0.0.1:80", "[::1]:80". `host` may have brackets already.
[[nodiscard]] std::string format_host_port(std::string_view host, std::uint16_t port);

}  // namespace sluice
