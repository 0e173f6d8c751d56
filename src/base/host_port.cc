// SPDX-License-Identifier: Apache-2.0
#include "base/host_port.h"

#include "base/text.h"

namespace sluice {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  return to_number<std::uint16_t>(text);
}

std::string format_host_port(std::string_view host, std::uint16_t port) {
  const bool ipv6 = !is_bracketed(host) && host.contains(':');
  std::string out;
  out.reserve(host.size() + 8);
  if (ipv6) out += '[';
  out += host;
  if (ipv6) out += ']';
  out += ':';
  return out += std::to_string(port);
}

}  // namespace sluice
