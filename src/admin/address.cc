// SPDX-License-Identifier: Apache-2.0
#include "admin/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/host_port.h"

namespace sluice::admin {
namespace {

bool is_loopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in ip{};
    std::copy_n(reinterpret_cast<const char*>(&address), sizeof ip, reinterpret_cast<char*>(&ip));
    return (ntohl(ip.sin_addr.s_addr) >> 24) == 127;
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 ip{};
  std::copy_n(reinterpret_cast<const char*>(&address), sizeof ip, reinterpret_cast<char*>(&ip));
  return IN6_IS_ADDR_LOOPBACK(&ip.sin6_addr);
}

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Result<AddressList> resolve(const std::string& host, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (status != 0) {
    return fail(ErrorKind::invalid, "cannot resolve \"" + host + "\": " + gai_strerror(status));
  }
  return AddressList(found, &freeaddrinfo);
}

std::string numeric(const addrinfo& entry) {
  std::array<char, NI_MAXHOST> text{};
  getnameinfo(entry.ai_addr, entry.ai_addrlen, text.data(), text.size(), nullptr, 0,
              NI_NUMERICHOST);
  return text.data();
}

}  // namespace

Result<ListenAddress> resolve_address(std::string_view text) {
  const HostPort parts = split_host_port(text);
  const auto port = parts.port().and_then(parse_port);
  if (!port) {
    return fail(ErrorKind::invalid,
                "\"" + std::string(text) + "\" is not host:port, try localhost:2381");
  }
  const std::string host(without_brackets(parts.host));
  ListenAddress address{"", *port, !host.empty()};
  if (host.empty()) return address;
  SLUICE_TRY(const AddressList found, resolve(host, 0));
  for (const addrinfo* entry = found.get(); entry != nullptr; entry = entry->ai_next) {
    address.loopback = address.loopback && is_loopback(*entry->ai_addr);
    if (address.host.empty() || entry->ai_family == AF_INET) address.host = numeric(*entry);
  }
  return address;
}

bool is_loopback_host(std::string_view host) {
  const std::string name(without_brackets(split_host_port(host).host));
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  const Result<AddressList> found = resolve(name, AI_NUMERICHOST);
  return found && is_loopback(*(*found)->ai_addr);
}

}  // namespace sluice::admin
